import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MetaCategory, ModuleKind } from '../contracts/course.contract.ts';
import type { ExerciseDefinition } from '../contracts/exercise.contract.ts';
import { readExerciseDirectory } from './exercise-directory.ts';

const CourseFile = z.strictObject({
  slug: z.string(),
  title: z.string(),
  description: z.string(),
  metaCategory: MetaCategory,
  modules: z.array(
    z.strictObject({
      number: z.int(),
      kind: ModuleKind,
      title: z.string(),
      description: z.string(),
      folder: z.string(),
      exercises: z.array(z.string()),
    }),
  ),
});

/** A course with everything in it, as its authors wrote it. */
export type CourseSource = Omit<z.infer<typeof CourseFile>, 'modules'> & {
  modules: (Omit<z.infer<typeof CourseFile>['modules'][number], 'folder' | 'exercises'> & {
    exercises: ExerciseDefinition[];
  })[];
};

const CATALOGUE = fileURLToPath(new URL('catalogue', import.meta.url));

/** The courses that come with Learnify. @throws when one of them is broken. */
export function readCatalogue(): CourseSource[] {
  return readdirSync(CATALOGUE).map((folder) => readCourseDirectory(join(CATALOGUE, folder)));
}

/** Reads a course that authors keep as files: `course.json`, a folder a module, in it a folder an exercise. */
function readCourseDirectory(directory: string): CourseSource {
  const course = CourseFile.parse(JSON.parse(readFileSync(join(directory, 'course.json'), 'utf8')));
  return {
    ...course,
    modules: course.modules.map(({ folder, exercises, ...module }) => ({
      ...module,
      exercises: exercises.map((slug) => readExerciseDirectory(join(directory, folder, slug))),
    })),
  };
}
