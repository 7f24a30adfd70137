import { sql } from '../db/sql.ts';

/** As whom somebody looks at what learners have done. For them, what they may not see is not there. */
export interface Viewer {
  /** Sees this learner's own. */
  learnerId: string | null;
  /** Sees what was done in this author's courses. */
  authorId: string | null;
  seesAll: boolean;
}

/** Whether the submission `s` in the course `c` is there for them. A generated course belongs to its learner, who is not its author. */
export const submissionIsThereFor = ({ learnerId, ...viewer }: Viewer) =>
  sql.fragment`(s.learner_id = ${learnerId}::uuid OR ${courseIsThereFor(viewer)})`;

/** Whether what was done in the course `c` is there for them. */
export const courseIsThereFor = ({ authorId, seesAll }: Pick<Viewer, 'authorId' | 'seesAll'>) =>
  sql.fragment`(${seesAll}::boolean OR (c.owner_id = ${authorId}::uuid AND c.kind = 'authored'))`;
