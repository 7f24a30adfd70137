import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, openSandbox, type TestInput } from '../support/grading.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ warm: ['sqlite', 'postgres'] });
});
afterAll(() => sandbox.close());

const SETUP = `CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL);
INSERT INTO pets VALUES (1, 'Rex', 30.5), (2, 'Tom', 4), (3, 'Kim', NULL);`;

describe.each(['sqlite', 'postgres'] as const)('%s', (dialect) => {
  type Overrides = Partial<Record<string, unknown>>;

  const queryTest = (overrides: Overrides = {}): TestInput => ({
    kind: 'query',
    name: 'pets',
    dialect,
    setup: SETUP,
    reference: 'SELECT id, name FROM pets WHERE weight > 1',
    ...overrides,
  });

  async function gradeOf(code: string, tests: TestInput[] = [queryTest()]): Promise<Grade> {
    const exercise = buildExercise({ language: 'sql', entrypoint: 'solution.sql', tests, limits: { cpuMs: 500 } });
    return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
  }

  test.each([
    ['another order', "SELECT id, name FROM pets WHERE name <> 'Kim' ORDER BY id DESC"],
    ['other names of columns', 'SELECT id AS a, name AS b FROM pets WHERE weight > 1;'],
    [
      'several statements, of which the last with rows counts',
      'SELECT 7; SELECT id, name FROM pets WHERE weight > 1; CREATE TABLE x (a int);',
    ],
    [
      'common table expressions and comments',
      '-- all\nWITH heavy AS (SELECT * FROM pets /* ; */ WHERE weight > 1)\nSELECT id, name FROM heavy -- ;',
    ],
    ['semicolons in strings', "SELECT ';' ; SELECT id, name FROM pets WHERE weight > 1 AND name <> ';'"],
    ['a view on the way', 'CREATE VIEW heavy AS SELECT * FROM pets WHERE weight > 1; SELECT id, name FROM heavy;;'],
    ['temporary tables', 'CREATE TEMPORARY TABLE t AS SELECT id, name FROM pets WHERE weight > 1; SELECT * FROM t'],
    [
      'a transaction of its own',
      'BEGIN; DELETE FROM pets; ROLLBACK; BEGIN; SELECT id, name FROM pets WHERE weight > 1; COMMIT;',
    ],
  ])('accepts %s', async (_, code) => {
    expect(await gradeOf(code)).toMatchObject({ verdict: 'accepted', score: 100 });
  });

  test('rows are told by what they should be and what they are', async () => {
    const result = await gradeOf("SELECT id, 'Rex' FROM pets WHERE weight > 1");
    expect(result.tests[0]).toMatchObject({
      verdict: 'wrong_answer',
      message: 'row 2: expected [2,"Tom"], got [2,"Rex"]',
      input: SETUP,
      expected: [
        [1, 'Rex'],
        [2, 'Tom'],
      ],
      actual: [
        [1, 'Rex'],
        [2, 'Rex'],
      ],
      diff: [
        { path: '/1', kind: 'missing', expected: [2, 'Tom'] },
        { path: '/1', kind: 'unexpected', actual: [2, 'Rex'] },
      ],
    });
  });

  test('the number of rows and columns is told', async () => {
    expect((await gradeOf('SELECT id, name FROM pets')).tests[0]?.message).toBe(
      'expected 2 rows, got 3: [3,"Kim"] is not expected',
    );
    expect((await gradeOf('SELECT id FROM pets WHERE weight > 1')).tests[0]?.message).toBe(
      'expected 2 columns, got 1: id',
    );
  });

  test('order counts where it is asked for', async () => {
    const tests = [queryTest({ ordered: true, reference: 'SELECT id FROM pets ORDER BY id DESC' })];
    expect(await gradeOf('SELECT id FROM pets ORDER BY id DESC', tests)).toMatchObject({ verdict: 'accepted' });
    expect((await gradeOf('SELECT id FROM pets ORDER BY id', tests)).tests[0]).toMatchObject({
      message: 'row 1: expected [3], got [1]; these are the right rows in another order',
      diff: [
        { path: '/0/0', kind: 'different', expected: 3, actual: 1 },
        { path: '/2/0', kind: 'different', expected: 1, actual: 3 },
      ],
    });
  });

  test('numbers are equal whatever their type, up to rounding', async () => {
    const tests = [queryTest({ reference: undefined, expectedRows: [[34.5, 2, null]] })];
    const code = 'SELECT sum(weight * 0.1) * 10, count(weight) * 1.0, max(NULLIF(id, id)) FROM pets';
    expect(await gradeOf(code, tests)).toMatchObject({ verdict: 'accepted' });
  });

  test('the state after changes is compared by the check', async () => {
    const tests = [
      queryTest({
        reference: "UPDATE pets SET weight = 1 WHERE name = 'Kim'",
        check: 'SELECT name, weight FROM pets',
      }),
    ];
    expect(await gradeOf('UPDATE pets SET weight = 1 WHERE weight IS NULL;', tests)).toMatchObject({
      verdict: 'accepted',
    });
    expect((await gradeOf('UPDATE pets SET weight = 1', tests)).tests[0]?.verdict).toBe('wrong_answer');
    expect((await gradeOf('DROP TABLE pets', tests)).tests[0]).toMatchObject({ verdict: 'runtime_error' });
    expect((await gradeOf('DROP TABLE pets', tests)).tests[0]?.message).toMatch(/^after the script, the check/);
  });

  test('every test has a database of its own', async () => {
    const tests = [1, 2, 3].map((n) =>
      queryTest({
        name: `${n}`,
        setup: `CREATE TABLE seen (n int); INSERT INTO seen VALUES (${n})`,
        reference: 'SELECT n + 1 FROM seen',
      }),
    );
    expect(
      await gradeOf('CREATE TABLE left_over (a int); UPDATE seen SET n = n + 1; SELECT n FROM seen', tests),
    ).toMatchObject({ verdict: 'accepted' });
  });

  test('a script that returns no rows says so', async () => {
    expect((await gradeOf('CREATE TABLE x (a int)')).tests[0]).toMatchObject({
      verdict: 'wrong_answer',
      message: 'the script returns no rows; end with a SELECT',
    });
  });

  test.each([
    ['a word too many', 'SELECT id\nFROM pets WHERE WHERE id = 1', 'solution.sql:2:17'],
    ['in a later statement', 'SELECT 1;\n\nSELECT id FRO pets GROUP', 'solution.sql:3:'],
    ['after characters of two units', 'SELECT \'😀\' AS "é" FROM\nFROM', 'solution.sql:2:1'],
    ['a statement that is none', 'SELEC 1', 'solution.sql:1:1'],
  ])('syntax errors are told with their place: %s', async (_, code, place) => {
    const result = await gradeOf(code);
    expect(result).toMatchObject({ verdict: 'compile_error', score: 0 });
    expect(result.tests[0]?.message).toMatch(/^SyntaxError: /);
    expect(result.tests[0]?.message).toContain(place);
  });

  test('other errors are told with the line of their statement', async () => {
    const result = await gradeOf("SELECT 1;\n-- twice\nINSERT INTO pets VALUES (1, 'Rex', 1);");
    expect(result.tests[0]?.verdict).toBe('runtime_error');
    expect(result.tests[0]?.message).toMatch(/unique[^]*at solution\.sql:3/i);
  });

  test.each(['', '  \n', '-- nothing yet', '/* none */ ;;'])(
    'a script without a statement is no submission: %j',
    async (code) => {
      expect(await gradeOf(code)).toMatchObject({ verdict: 'invalid_submission' });
    },
  );

  test('blobs, large numbers and special values can be compared', async () => {
    const blob = dialect === 'sqlite' ? "x'00ff'" : "'\\x00ff'::bytea";
    const tests = [queryTest({ reference: undefined, expectedRows: [['\\x00ff', '9223372036854775807', null]] })];
    const result = await gradeOf(`SELECT ${blob}, 9223372036854775807, NULL`, tests);
    expect(result).toMatchObject({ verdict: 'accepted' });
  });

  test('an endless script is stopped and not asked again', async () => {
    const tests = [1, 2, 3].map((n) => queryTest({ name: `${n}` }));
    const code = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
    const result = await gradeOf(code, tests);
    expect(result.tests.map(({ verdict }) => verdict)).toEqual(['time_limit', 'skipped', 'skipped']);
  });

  test('too many rows are an output limit', async () => {
    const code = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n';
    expect((await gradeOf(code)).tests[0]).toMatchObject({ verdict: 'output_limit', message: 'more than 10000 rows' });
  });

  test('a reference that fails, or gives other rows than are expected, is told', async () => {
    const broken = await gradeOf('SELECT 1', [queryTest({ reference: 'SELECT nothing FROM pets' })]);
    expect(broken.tests[0]?.message).toMatch(/^the reference of this test fails: /);
    const other = await gradeOf('SELECT 1', [queryTest({ reference: 'SELECT 2', expectedRows: [[1]] })]);
    expect(other.tests[0]?.message).toBe(
      'the reference of this test does not give the expected rows: row 1: expected [1], got [2]',
    );
    const setup = await gradeOf('SELECT 1', [
      queryTest({ setup: 'CREATE TABLE', expectedRows: [[1]], reference: undefined }),
    ]);
    expect(setup.tests[0]?.message).toMatch(/^the setup of this test fails: /);
  });

  test('hidden queries are graded the same', async () => {
    const tests = [queryTest({ visibility: 'never' })];
    expect(await gradeOf('SELECT id, name FROM pets WHERE weight > 1', tests)).toMatchObject({ verdict: 'accepted' });
  });
});

describe('postgres only', () => {
  const gradeOf = async (code: string, overrides: Record<string, unknown>): Promise<Grade> => {
    const tests = [{ kind: 'query', name: 'it', dialect: 'postgres', ...overrides }];
    const exercise = buildExercise({ language: 'sql', entrypoint: 'solution.sql', tests, limits: { cpuMs: 500 } });
    return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
  };

  test('values come as JSON can say them', async () => {
    const code = `SELECT true, 1.50::numeric, 0.1::float4, 12345678901234567890.5, '{"a":[1]}'::jsonb, ARRAY[1,NULL,3],
      ARRAY['a,b','"c"'], date '2024-02-29', interval '1 day', 'NaN'::float8, '[0:1]={1,2}'::int[]`;
    const row = [
      true,
      1.5,
      0.1,
      '12345678901234567890.5',
      { a: [1] },
      [1, null, 3],
      ['a,b', '"c"'],
      '2024-02-29',
      '1 day',
      'NaN',
      '[0:1]={1,2}',
    ];
    const result = await gradeOf(code, { expectedRows: [row] });
    expect(result.tests[0]?.actual).toEqual([row]);
    expect(result.verdict).toBe('accepted');
  });

  test('functions, rules and dollar quotes are not cut at their semicolons', async () => {
    const code = `CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RAISE NOTICE 'twice %', n; RETURN n * 2; END; $body$;
      CREATE FUNCTION thrice(n int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN n > 0 THEN n * 3 END; END;
      CREATE TABLE a (n int); CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2);
      SELECT twice(2), thrice(2), E'it\\'s;', $$;$$;`;
    const result = await gradeOf(code, { expectedRows: [[4, 6, "it's;", ';']] });
    expect(result.verdict).toBe('accepted');
    expect(result.stdout).toBe('NOTICE:  twice 2\n');
  });

  test('hints and the place of an unknown column are told', async () => {
    const result = await gradeOf('SELECT 1;\nSELECT *\nFROM t\nWHERE nam = 1', {
      setup: 'CREATE TABLE t (name text)',
      expectedRows: [[1]],
    });
    expect(result.tests[0]?.message).toBe(
      'ERROR: column "nam" does not exist\nHINT: Perhaps you meant to reference the column "t.name".\n    at solution.sql:4',
    );
  });

  test('privileges may be what an exercise is about', async () => {
    const code = `CREATE ROLE guest; GRANT SELECT ON t TO guest; SET ROLE guest; SELECT count(*) FROM t; INSERT INTO t VALUES (1);`;
    const result = await gradeOf(code, { setup: 'CREATE TABLE t (n int)', expectedRows: [[0]] });
    expect(result.tests[0]).toMatchObject({ verdict: 'runtime_error' });
    expect(result.tests[0]?.message).toMatch(/^ERROR: permission denied for table t/);
  });

  test('the check is asked by the owner, whatever the script set', async () => {
    const code = 'CREATE ROLE guest; SET ROLE guest; SET search_path = nowhere';
    const result = await gradeOf(code, {
      setup: 'CREATE TABLE t (n int)',
      check: 'SELECT count(*) FROM t',
      expectedRows: [[0]],
    });
    expect(result.verdict).toBe('accepted');
  });
});
