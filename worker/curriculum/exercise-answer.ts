import { z } from 'zod';
import { Difficulty, ExerciseDefinition, type Language } from '../../shared/contracts/exercise.contract.ts';
import { findDefinitionProblems } from '../../shared/learning/definition.policy.ts';
import type { Question } from '../ai/provider.ts';
import { plainText, visibleSource } from '../review/sanitise.ts';
import { COMMON_RULES, fenced } from './asking.ts';
import { ENTRYPOINTS } from './blueprint/template.ts';
import type { CourseModule } from './draft-course.ts';
import { slugOf } from './grammar.ts';
import { plainMarkdown } from './markdown.ts';
import type { UniversalVariables } from './variables.ts';

const Visibility = z.enum(['always', 'after_pass', 'never']);
const ProgramTest = z.strictObject({
  name: z.string(),
  visibility: Visibility,
  /** JSON, since a schema that allows any value is none that providers take. */
  argsJson: z.string(),
  expectedJson: z.string(),
});
const QueryTest = z.strictObject({
  name: z.string(),
  visibility: Visibility,
  setup: z.string(),
  rowsJson: z.string(),
});

/** What a model answers. Of the two kinds of tests the one that the language does not have is empty. */
export const ExerciseAnswer = z.strictObject({
  title: z.string(),
  description: z.string(),
  difficulty: Difficulty,
  hints: z.array(z.string()),
  functionName: z.string(),
  starterCode: z.string(),
  solutionCode: z.string(),
  programTests: z.array(ProgramTest),
  queryTests: z.array(QueryTest),
});
export type ExerciseAnswer = z.infer<typeof ExerciseAnswer>;

const SYSTEM = `You write one programming exercise for a module of a course whose examples come from one field.

${COMMON_RULES}

description: Markdown without links, images and HTML. First the situation in the field in two sentences, then precisely what to write and what it answers in every case, with a table where there are rules, and one example. Everything that a test asks must follow from the description.
functionName: the one function that is tested (empty for SQL). JavaScript and TypeScript export it from an ES module; in Python it stands at the top level. Arguments and answers are JSON values. No input, no output, no network, no clock, no randomness, no packages.
starterCode: compiles, has the signature and a comment, and answers wrongly.
solutionCode: right in every case, clear, short.
hints: three questions or directions, each going a little further, without code.
programTests (empty for SQL): eight to twelve calls, three or four "always", two "after_pass", the others "never": ordinary input, each boundary, empty and missing input. argsJson is a JSON list of the arguments, expectedJson the JSON of the answer.
queryTests (empty for other languages): three to five databases of SQLite; setup creates and fills the tables, rowsJson is a JSON list of rows, each a list of values. The solution is one query with ORDER BY.
Names of tests say what is special about them in a few words, and are all different.`;

/** What a model is asked for an exercise. */
export function askForExercise(
  { kind, title, description }: CourseModule,
  variables: UniversalVariables,
  language: Language,
): Question<typeof ExerciseAnswer> {
  const said = Object.entries(variables).map(([name, words]) => `${name}: ${words}`);
  return {
    name: 'exercise_draft',
    schema: ExerciseAnswer,
    system: SYSTEM,
    user: [
      `Language: ${language}. Kind of module: ${kind}.`,
      fenced('module', `${title}\n${description}`),
      fenced('field', said.join('\n')),
    ].join('\n\n'),
    maxOutputTokens: 6000,
  };
}

const LIMITS = { title: 80, description: 6000, hint: 400, hints: 5, testName: 120, code: 12_000, tests: 20 } as const;
const LEAST_TESTS = { program: 5, query: 2 } as const;
const POINTS = { easy: 50, medium: 100, hard: 150 } as const;
/** The exercise that a model drafted, if it is one by all that can be said without running it; or else null. */
export function exerciseFromAnswer(
  answer: ExerciseAnswer,
  { kind }: Pick<CourseModule, 'kind'>,
  language: Language,
): ExerciseDefinition | null {
  const tests = language === 'sql' ? queryTests(answer) : programTests(answer);
  if (tests === null || !tests.some(({ visibility }) => visibility === 'always')) return null;
  if (isTooLong(answer) || speaksToReviewers(answer)) return null;
  const title = plainText(answer.title, LIMITS.title);
  const candidate = ExerciseDefinition.safeParse({
    slug: slugOf(`${kind} ${title}`, 70),
    title,
    description: plainMarkdown(answer.description, LIMITS.description),
    language,
    difficulty: answer.difficulty,
    points: POINTS[answer.difficulty],
    hints: answer.hints
      .map((hint) => plainText(hint, LIMITS.hint))
      .filter((hint) => hint !== '')
      .slice(0, LIMITS.hints),
    entrypoint: ENTRYPOINTS[language],
    starterCode: visibleSource(answer.starterCode),
    solutionCode: visibleSource(answer.solutionCode),
    tests,
  });
  return candidate.success && findDefinitionProblems(candidate.data).length === 0 ? candidate.data : null;
}

function isTooLong({ starterCode, solutionCode }: ExerciseAnswer): boolean {
  return starterCode.length > LIMITS.code || solutionCode.length > LIMITS.code;
}

/** An exercise is shown to the model that reviews its solutions, and it was written from a learner's words. */
const TO_REVIEWERS =
  /\b(?:reviewers?|rubrics?|graders?|system prompt|language model|(?:ignore|disregard|forget) (?:all|any|the|previous|earlier)|(?:previous|earlier) (?:instructions|rules))\b/i;

function speaksToReviewers({ title, description, hints, starterCode }: ExerciseAnswer): boolean {
  return [title, description, starterCode, ...hints].some((text) => TO_REVIEWERS.test(text));
}

function programTests({ programTests: asked, functionName }: ExerciseAnswer) {
  if (asked.length < LEAST_TESTS.program) return null;
  const tests = asked.slice(0, LIMITS.tests).map(({ name, visibility, argsJson, expectedJson }) => ({
    kind: 'call',
    name: plainText(name, LIMITS.testName),
    visibility,
    function: functionName,
    args: parsedJson(argsJson),
    expected: parsedJson(expectedJson),
  }));
  return tests.some(({ args, expected }) => !Array.isArray(args) || expected === undefined) ? null : tests;
}

function queryTests({ queryTests: asked, solutionCode }: ExerciseAnswer) {
  if (asked.length < LEAST_TESTS.query) return null;
  const tests = asked.slice(0, LIMITS.tests).map(({ name, visibility, setup, rowsJson }) => ({
    kind: 'query',
    dialect: 'sqlite',
    name: plainText(name, LIMITS.testName),
    visibility,
    setup: visibleSource(setup),
    expectedRows: parsedJson(rowsJson),
    ordered: /\border\s+by\b/i.test(solutionCode),
  }));
  return tests.some(({ expectedRows }) => !Array.isArray(expectedRows)) ? null : tests;
}

/** Undefined when it is no JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
