import { describe, expect, test } from '@jest/globals';
import { QueryTest, type ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { readCatalogue } from '../../shared/learning/course-directory.ts';
import { findDefinitionProblems } from '../../shared/learning/definition.policy.ts';
import { sumExercise } from '../support/factories.ts';

const problemsOf = (changes: Partial<ExerciseDefinition>) => findDefinitionProblems({ ...sumExercise(), ...changes });
const file = (path: string) => ({ path, content: '' });

describe('a definition that contradicts itself', () => {
  test('is told from a sound one', () => {
    expect(findDefinitionProblems(sumExercise())).toEqual([]);
  });

  test('has two tests of one name', () => {
    const [first, second, third] = sumExercise().tests;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('the exercise has three tests');
    expect(problemsOf({ tests: [first, second, { ...third, name: first.name }] })).toEqual([
      { path: 'tests.2.name', message: 'is the name of test 1 already: "adds"' },
    ]);
  });

  test.each([
    ['the entrypoint', [file('sum.js')], 'files.0.path', 'collides with the entrypoint: "sum.js"'],
    ['another file', [file('a.js'), file('a.js')], 'files.1.path', 'collides with file 1: "a.js"'],
    ['a folder', [file('lib'), file('lib/a.js')], 'files.1.path', 'collides with file 1: "lib"'],
    ['a folder, named later', [file('lib/a.js'), file('lib')], 'files.1.path', 'collides with file 1: "lib/a.js"'],
  ])('has a file in the way of %s', (_, files, path, message) => {
    expect(problemsOf({ files })).toEqual([{ path, message }]);
  });

  test('may have files whose names begin alike', () => {
    expect(problemsOf({ files: [file('lib.js'), file('lib/a.js'), file('library.js')] })).toEqual([]);
  });

  test('has a suite in the way of the entrypoint, but two unnamed suites are no contradiction', () => {
    const suite = (path: string) =>
      ({
        kind: 'suite',
        name: 'Unit tests',
        weight: 1,
        visibility: 'always',
        path,
        content: '1',
        runSkipped: false,
      }) as const;
    expect(problemsOf({ tests: [suite('sum.js')] })).toEqual([
      { path: 'tests.0.path', message: 'collides with the entrypoint: "sum.js"' },
    ]);
    expect(problemsOf({ tests: [suite('a.test.js'), suite('b.test.js')] })).toEqual([]);
  });

  test('has tests that weigh nothing', () => {
    const tests = sumExercise().tests.map((each) => ({ ...each, weight: 0 }));
    expect(problemsOf({ tests })).toEqual([{ path: 'tests', message: 'must have a total weight above 0' }]);
  });

  test('tests a program in the language of queries', () => {
    const language = 'sql' as ExerciseDefinition['language'];
    expect(problemsOf({ language }).map(({ path, message }) => `${path} ${message}`)).toContain(
      'tests.0.kind a call test cannot test an exercise in sql',
    );
  });

  describe('asks a database', () => {
    const query = (changes: Partial<QueryTest> = {}): QueryTest =>
      QueryTest.parse({ kind: 'query', name: 'all', dialect: 'sqlite', expectedRows: [[1, 'a']], ...changes });
    const problemsOfQueries = (tests: QueryTest[], changes: Partial<ExerciseDefinition> = {}) =>
      problemsOf({ language: 'sql', tests, ...changes });

    test('and is sound', () => {
      expect(
        problemsOfQueries([query(), query({ name: 'other', expectedRows: undefined, reference: 'SELECT 1' })]),
      ).toEqual([]);
    });

    test('without saying what it wants', () => {
      expect(problemsOfQueries([query({ expectedRows: undefined })])).toEqual([
        { path: 'tests.0', message: 'needs a "reference" query or "expectedRows"' },
      ]);
    });

    test('in two dialects', () => {
      expect(problemsOfQueries([query(), query({ name: 'other', dialect: 'postgres' })])).toEqual([
        { path: 'tests.1.dialect', message: 'must be that of the first query test: sqlite' },
      ]);
    });

    test('for rows of different lengths', () => {
      expect(problemsOfQueries([query({ expectedRows: [[1, 2], [1]] })])).toEqual([
        { path: 'tests.0.expectedRows.1', message: 'must have 2 columns, as the first row has' },
      ]);
    });

    test('with a clock, or with text that cannot be stored', () => {
      const problems = problemsOfQueries([query({ setup: 'SELECT \0' })], { clock: '2026-01-01T00:00:00Z' });
      expect(problems.map(({ path }) => path)).toEqual(['clock', 'tests.0.setup']);
    });
  });

  test('gives the solution away', () => {
    const { solutionCode } = sumExercise();
    expect(problemsOf({ starterCode: solutionCode })).toEqual([
      { path: 'starterCode', message: 'must not be the solution itself' },
    ]);
  });

  test('holds text that cannot be stored', () => {
    expect(problemsOf({ title: 'a\0b', hints: ['fine', '\ud800'] })).toEqual([
      { path: 'title', message: 'must not contain NUL characters' },
      { path: 'hints.1', message: 'must not contain lone surrogates' },
    ]);
  });
});

test('every exercise of the catalogue is sound', () => {
  const definitions = readCatalogue().flatMap(({ modules }) => modules.flatMap(({ exercises }) => exercises));
  expect(definitions.length).toBeGreaterThan(5);
  expect(definitions.flatMap(findDefinitionProblems)).toEqual([]);
});
