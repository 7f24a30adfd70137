import { z } from 'zod';
import { CleanText } from './common.contract.ts';
import { ExerciseView, MetaCategory, ModuleKind, ModuleView } from './course.contract.ts';
import { ExerciseDefinition, ExerciseLimits } from './exercise.contract.ts';
import { VerificationStatus } from './verification.contract.ts';

/** What a course and a module hold at most: more than a learner can oversee, and few enough to show in one answer. */
export const MAX_MODULES_PER_COURSE = 50;
export const MAX_EXERCISES_PER_MODULE = 100;

const Title = CleanText.trim().min(1, 'must not be empty').max(160);
const Description = CleanText.trim().max(10_000);

export const NewCourse = z.strictObject({
  slug: ExerciseDefinition.shape.slug.optional(),
  title: Title,
  description: Description.default(''),
  metaCategory: MetaCategory,
  sequential: z.boolean().default(false),
});
export type NewCourse = z.output<typeof NewCourse>;

export const CourseChanges = changesOf(NewCourse);
export type CourseChanges = z.output<typeof CourseChanges>;

/** Without a number the module becomes the last one. */
export const NewModule = z.strictObject({
  number: z.int().min(1).max(100).optional(),
  kind: ModuleKind.default('custom'),
  title: Title,
  description: Description.default(''),
});
export type NewModule = z.output<typeof NewModule>;

/** Any part of a definition. `limits` may be given in part too; lists such as `tests` are replaced as a whole. */
export const ExerciseChanges = z.strictObject({
  ...changesOf(ExerciseDefinition).shape,
  limits: changesOf(ExerciseLimits).optional(),
});
export type ExerciseChanges = z.output<typeof ExerciseChanges>;

export const AuthoredModuleView = z.object({ ...ModuleView.shape, courseId: z.guid() });
export type AuthoredModuleView = z.infer<typeof AuthoredModuleView>;

/** An exercise as its author sees it: the newest version with everything in it, whether verified or not. */
export const AuthoredExerciseView = z.object({
  ...ExerciseView.shape,
  hints: ExerciseDefinition.shape.hints,
  solutionCode: z.string(),
  tests: ExerciseDefinition.shape.tests,
  verification: VerificationStatus,
  /** The version that learners meet; null while none is verified. */
  publishedVersion: z.int().nullable(),
});
export type AuthoredExerciseView = z.infer<typeof AuthoredExerciseView>;

type Changes<Shape extends z.core.$ZodShape> = {
  [Key in keyof Shape]: z.ZodOptional<
    Shape[Key] extends z.ZodDefault<infer Inner> | z.ZodPrefault<infer Inner> ? Inner : Shape[Key]
  >;
};

/** Every field optional, and none filled in: what a change does not name stays as it is, so defaults must not apply. */
function changesOf<Shape extends z.core.$ZodShape>(
  object: z.ZodObject<Shape>,
): z.ZodObject<Changes<Shape>, z.core.$strict> {
  const fields = Object.entries(object.shape).map(([name, field]) => {
    const bare = field instanceof z.ZodDefault || field instanceof z.ZodPrefault ? field.unwrap() : field;
    return [name, z.optional(bare)];
  });
  return z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodObject<Changes<Shape>, z.core.$strict>;
}
