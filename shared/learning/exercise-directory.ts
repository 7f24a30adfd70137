import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { ExerciseDefinition, ExerciseFile } from '../contracts/exercise.contract.ts';

/**
 * Reads an exercise that an author keeps as files: `exercise.json` with the settings and tests, `description.md`, `starter.*` and
 * `solution.*` in the exercise's language, the read-only files of the exercise below `files/`, and below `tests/` the suites whose `content`
 * is not in the settings.
 *
 * @throws z.ZodError when it is no valid exercise; a system error when a file is missing.
 */
export function readExerciseDirectory(directory: string): ExerciseDefinition {
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const { tests, ...settings } = Settings.parse(JSON.parse(text('exercise.json')));
  return ExerciseDefinition.parse({
    ...settings,
    tests: tests.map((test) => ('content' in test ? test : withSuiteContent(test, text))),
    description: text('description.md'),
    starterCode: text(findFile(directory, 'starter')),
    solutionCode: text(findFile(directory, 'solution')),
    files: readFiles(join(directory, 'files')),
  });
}

/** As much as has to be known of the settings to put the files into them; the rest is checked with the whole definition. */
const Settings = z.looseObject({ tests: z.array(z.looseObject({})) });
const SuiteReference = z.looseObject({ kind: z.literal('suite'), path: ExerciseFile.shape.path });

function withSuiteContent(test: object, text: (name: string) => string): object {
  const suite = SuiteReference.safeParse(test);
  return suite.success ? { ...test, content: text(join('tests', suite.data.path)) } : test;
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
