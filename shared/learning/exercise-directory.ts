import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ExerciseDefinition } from '../contracts/exercise.contract.ts';

/**
 * Reads an exercise that an author keeps as files: `exercise.json` with the settings and tests, `description.md`, `starter.*` and
 * `solution.*` in the exercise's language, and the read-only files of the exercise below `files/`.
 *
 * @throws z.ZodError when it is no valid exercise; a system error when a file is missing.
 */
export function readExerciseDirectory(directory: string): ExerciseDefinition {
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  return ExerciseDefinition.parse({
    ...(JSON.parse(text('exercise.json')) as object),
    description: text('description.md'),
    starterCode: text(findFile(directory, 'starter')),
    solutionCode: text(findFile(directory, 'solution')),
    files: readFiles(join(directory, 'files')),
  });
}

function findFile(directory: string, stem: string): string {
  const name = readdirSync(directory).find((entry) => entry.startsWith(`${stem}.`));
  if (name === undefined) throw new Error(`${directory} has no ${stem} file.`);
  return name;
}

function readFiles(directory: string): { path: string; content: string }[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ path: relative(directory, file), content: readFileSync(file, 'utf8') }));
}
