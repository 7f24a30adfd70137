import type { Language } from '../../shared/contracts/exercise.contract.ts';
import type { Grade } from '../../shared/contracts/grade.contract.ts';

/** What is reviewed: a learner's code and what is known of it. Nothing here says who the learner is. */
export type ReviewSubject = {
  language: Language;
  /** Of SQL. */
  dialect: 'sqlite' | 'postgres' | null;
  entrypoint: string;
  code: string;
  exercise: { versionId: string; title: string; description: string; starterCode: string; solutionCode: string };
  /** The newest grade, hidden tests included: for facts, never to be quoted. */
  grade: Grade;
};
