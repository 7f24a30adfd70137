import { z } from 'zod';
import { Difficulty, ExerciseFile, ExerciseLimits, Language, TestVisibility } from './exercise.contract.ts';
import { VerificationStatus } from './verification.contract.ts';

export const MetaCategory = z.enum(['Digital', 'Economic', 'Aesthetic', 'Biological', 'Cognitive']);
export const CourseStatus = z.enum(['draft', 'active', 'archived']);
export const CourseKind = z.enum(['generated', 'authored']);
export const ModuleKind = z.enum([
  'atom',
  'standard',
  'workflow',
  'decision_tree',
  'archetype',
  'flow_state',
  'capstone',
  'custom',
]);
export const ModuleStatus = z.enum(['locked', 'active', 'completed']);
export type ModuleStatus = z.infer<typeof ModuleStatus>;

/** A course as it stands in a list. `progress` is the percentage of solved exercises of who asks; null for a stranger. */
export const CourseSummary = z.object({
  id: z.guid(),
  slug: z.string().nullable(),
  title: z.string(),
  description: z.string(),
  metaCategory: MetaCategory,
  status: CourseStatus,
  kind: CourseKind,
  enrolled: z.boolean(),
  exerciseCount: z.int(),
  progress: z.int().nullable(),
});
export type CourseSummary = z.infer<typeof CourseSummary>;

/** How the asker stands with an exercise: submissions that count as attempts, and the best score of them. */
const standing = { attempts: z.int(), bestScore: z.int().nullable() };

const ExerciseSummary = z.object({
  id: z.guid(),
  slug: z.string(),
  title: z.string(),
  language: Language,
  difficulty: Difficulty,
  points: z.int(),
  solved: z.boolean(),
  ...standing,
  /** Of the newest version; only in the answer to the course's author. */
  verification: VerificationStatus.optional(),
});

export const ModuleView = z.object({
  id: z.guid(),
  number: z.int(),
  kind: ModuleKind,
  title: z.string(),
  description: z.string(),
  status: ModuleStatus,
  exercises: z.array(ExerciseSummary),
});
export type ModuleView = z.infer<typeof ModuleView>;

export const CourseView = z.object({ ...CourseSummary.shape, modules: z.array(ModuleView) });
export type CourseView = z.infer<typeof CourseView>;

export const EnrollmentView = z.object({ courseId: z.guid(), enrolledAt: z.iso.datetime() });

/** A test as a learner may see it before submitting: only those with visibility `always`. */
const visible = { name: z.string(), weight: z.number(), visibility: TestVisibility };
const VisibleTest = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('call'),
    ...visible,
    function: z.string(),
    args: z.array(z.json()),
    expected: z.json(),
  }),
  z.object({ kind: z.literal('stdio'), ...visible, stdin: z.string(), expectedStdout: z.string() }),
  z.object({ kind: z.literal('suite'), ...visible, path: z.string(), content: z.string() }),
  z.object({
    kind: z.literal('query'),
    ...visible,
    dialect: z.string(),
    setup: z.string(),
    check: z.string().optional(),
    ordered: z.boolean(),
    expectedRows: z.array(z.array(z.json())).optional(),
  }),
]);

export const ExerciseView = z.object({
  id: z.guid(),
  courseId: z.guid(),
  moduleId: z.guid(),
  slug: z.string(),
  version: z.int(),
  title: z.string(),
  description: z.string(),
  language: Language,
  difficulty: Difficulty,
  points: z.int(),
  entrypoint: z.string(),
  starterCode: z.string(),
  files: z.array(ExerciseFile),
  limits: ExerciseLimits,
  hintsAvailable: z.int(),
  testCount: z.int(),
  tests: z.array(VisibleTest),
  solved: z.boolean(),
  ...standing,
});
export type ExerciseView = z.infer<typeof ExerciseView>;
