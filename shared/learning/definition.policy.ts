import type { ExerciseDefinition, ExerciseTest } from '../contracts/exercise.contract.ts';
import type { FieldProblem } from '../errors.ts';

/**
 * What is wrong with a definition that is well-formed field by field: contradictions between its parts that nobody could mean, and text that
 * the database cannot hold. Whether its solution is right is not for here; verification finds out.
 */
export function findDefinitionProblems(definition: ExerciseDefinition): FieldProblem[] {
  return [
    ...doubledTestNames(definition),
    ...collidingPaths(definition),
    ...unweightedTests(definition),
    ...testsOfOtherLanguages(definition),
    ...brokenQueries(definition),
    ...stoppedDatabaseClock(definition),
    ...pointlessStarter(definition),
    ...unstorableText(definition),
  ];
}

/** Learners and reports know a test by its name only; a suite by the names of its cases. */
function doubledTestNames({ tests }: ExerciseDefinition): FieldProblem[] {
  const firstWith = new Map<string, number>();
  return tests.flatMap(({ kind, name }, index) => {
    if (kind === 'suite') return [];
    const first = firstWith.get(name);
    if (first === undefined) firstWith.set(name, index);
    return first === undefined
      ? []
      : [{ path: `tests.${index}.name`, message: `is the name of test ${first + 1} already: "${name}"` }];
  });
}

/** Everything lies in one folder: the learner's file, the exercise's files, and the files of its tests. */
function collidingPaths({ entrypoint, files, tests }: ExerciseDefinition): FieldProblem[] {
  const placed = [
    { path: entrypoint, field: 'entrypoint', owner: 'the entrypoint' },
    ...files.map(({ path }, index) => ({ path, field: `files.${index}.path`, owner: `file ${index + 1}` })),
    ...tests.flatMap((test, index) =>
      'path' in test && typeof test.path === 'string'
        ? [{ path: test.path, field: `tests.${index}.path`, owner: `the file of test ${index + 1}` }]
        : [],
    ),
  ];
  return placed.flatMap(({ path, field }, index) => {
    const other = placed.slice(0, index).find((earlier) => areInEachOthersWay(earlier.path, path));
    return other === undefined ? [] : [{ path: field, message: `collides with ${other.owner}: "${other.path}"` }];
  });
}

/** The same file, or one of them a folder of the other. */
function areInEachOthersWay(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

function unweightedTests({ tests }: ExerciseDefinition): FieldProblem[] {
  const total = tests.reduce((sum, { weight }) => sum + weight, 0);
  return total > 0 ? [] : [{ path: 'tests', message: 'must have a total weight above 0' }];
}

/** Queries are asked of a database, everything else of a program. */
function testsOfOtherLanguages({ language, tests }: ExerciseDefinition): FieldProblem[] {
  const isSql = language === 'sql';
  return tests.flatMap(({ kind }, index) =>
    isSql === (kind === 'query')
      ? []
      : [{ path: `tests.${index}.kind`, message: `a ${kind} test cannot test an exercise in ${language}` }],
  );
}

/** What a query wants must be said, and one script cannot be right in two dialects. */
function brokenQueries({ tests }: ExerciseDefinition): FieldProblem[] {
  const dialect = tests.find((test) => test.kind === 'query')?.dialect;
  return tests.flatMap((test, index) => {
    if (test.kind !== 'query') return [];
    const path = `tests.${index}`;
    const width = test.expectedRows?.[0]?.length;
    const uneven = test.expectedRows?.findIndex((row) => row.length !== width) ?? -1;
    return [
      ...(test.reference === undefined && test.expectedRows === undefined
        ? [{ path, message: 'needs a "reference" query or "expectedRows"' }]
        : []),
      ...(test.dialect === dialect
        ? []
        : [{ path: `${path}.dialect`, message: `must be that of the first query test: ${dialect}` }]),
      ...(uneven < 0
        ? []
        : [{ path: `${path}.expectedRows.${uneven}`, message: `must have ${width} columns, as the first row has` }]),
    ];
  });
}

/** Databases tell the time by themselves. */
function stoppedDatabaseClock({ language, clock }: ExerciseDefinition): FieldProblem[] {
  if (language !== 'sql' || clock === undefined) return [];
  return [{ path: 'clock', message: 'cannot be set for sql: give the moment to the query as data' }];
}

function pointlessStarter({ starterCode, solutionCode }: ExerciseDefinition): FieldProblem[] {
  return starterCode === solutionCode ? [{ path: 'starterCode', message: 'must not be the solution itself' }] : [];
}

function unstorableText(definition: ExerciseDefinition): FieldProblem[] {
  const texts: [path: string, text: string][] = [
    ['title', definition.title],
    ['description', definition.description],
    ['starterCode', definition.starterCode],
    ['solutionCode', definition.solutionCode],
    ...definition.hints.map((hint, index): [string, string] => [`hints.${index}`, hint]),
    ...definition.files.map(({ content }, index): [string, string] => [`files.${index}.content`, content]),
    ...definition.tests.map(({ name }, index): [string, string] => [`tests.${index}.name`, name]),
    ...definition.tests.flatMap(queryTexts),
  ];
  return texts.flatMap(([path, text]) => {
    if (text.includes('\0')) return [{ path, message: 'must not contain NUL characters' }];
    return text.isWellFormed() ? [] : [{ path, message: 'must not contain lone surrogates' }];
  });
}

function queryTexts(test: ExerciseTest, index: number): [path: string, text: string][] {
  if (test.kind !== 'query') return [];
  const { setup, reference = '', check = '' } = test;
  return Object.entries({ setup, reference, check }).map(([field, text]) => [`tests.${index}.${field}`, text]);
}
