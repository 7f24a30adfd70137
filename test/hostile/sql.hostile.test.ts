import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { grade, type GradableExercise } from '../../worker/grading/grade.ts';
import { buildExercise } from '../support/grading.ts';
import { SECRET, describeHostile } from './hostile-suite.ts';
import { postgresCases, sqliteCases } from './sql.cases.ts';

const SETUP = 'CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1), (2), (3);';
const HONEST = 'SELECT n * n FROM numbers';
const HOST_FILES = ['attached.db', 'vacuumed.db', 'written', 'copied', 'exported'].map(
  (name) => `/tmp/learnify-${name}`,
);

type Dialect = 'sqlite' | 'postgres';

function exerciseOf(dialect: Dialect, tests: object[], limits = {}): GradableExercise {
  return buildExercise({
    language: 'sql',
    entrypoint: 'solution.sql',
    // More than ten times the time on a cpu that its code gets, so that it is told by that on a busy machine.
    limits: { cpuMs: 200, wallMs: 10_000, memoryMb: 32, outputKb: 16, ...limits },
    tests: tests.map((one, index) => ({ kind: 'query', name: `${index}`, dialect, setup: SETUP, ...one })),
  });
}

/** Asks twice for what a script left behind; both times it must be the first. */
const LEAVINGS: Record<Dialect, [name: string, leave: string, look: string][]> = {
  sqlite: [
    ['tables', 'CREATE TABLE mine (a int); CREATE TEMP TABLE mine2 (a int)', 'SELECT count(*) FROM sqlite_schema'],
    [
      'pragmas',
      'PRAGMA case_sensitive_like = ON; PRAGMA user_version = 7',
      "SELECT 'a' LIKE 'A', user_version FROM pragma_user_version",
    ],
  ],
  postgres: [
    [
      'tables',
      'CREATE TABLE mine (a int); COMMIT; CREATE SCHEMA s',
      "SELECT count(*) FROM pg_class WHERE relname = 'mine'",
    ],
    [
      'settings',
      "SET search_path = nowhere, public; SET my.own = 'x'; ALTER ROLE learner SET work_mem = '1MB'",
      "SELECT current_setting('search_path'), current_setting('my.own', true), count(*) FROM pg_db_role_setting",
    ],
    [
      'settings of the database',
      "ALTER DATABASE postgres SET work_mem = '1MB'",
      'SELECT count(*) FROM pg_db_role_setting',
    ],
    [
      'prepared statements and cursors',
      'PREPARE p AS SELECT 1; BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT',
      'SELECT (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_cursors)',
    ],
    [
      'locks and channels',
      'SELECT pg_advisory_lock(1); LISTEN c; NOTIFY c',
      "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    ],
    [
      'roles and functions',
      "CREATE ROLE guest; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = 'guest'), (SELECT count(*) FROM pg_proc WHERE proname = 'f')",
    ],
    [
      'large objects and sequences',
      "SELECT lo_create(77); CREATE SEQUENCE q; SELECT nextval('q')",
      'SELECT count(*) FROM pg_largeobject_metadata',
    ],
    ['an open transaction that failed', 'BEGIN; SELECT 1 / 0', 'SELECT pg_current_xact_id_if_assigned()'],
    ['transaction numbers', 'INSERT INTO numbers VALUES (1);'.repeat(50), 'SELECT pg_current_xact_id()'],
    ['random numbers', 'SELECT setseed(0.5); SELECT random()', 'SELECT random()'],
  ],
};

for (const dialect of ['sqlite', 'postgres'] as const) {
  describeHostile({
    engine: dialect,
    modes: ['off', 'auto'],
    cases: dialect === 'sqlite' ? sqliteCases : postgresCases,
    attacked: exerciseOf(dialect, [
      { reference: HONEST },
      {
        setup: `CREATE TABLE numbers (n text); INSERT INTO numbers VALUES ('${SECRET}')`,
        expectedRows: [[SECRET]],
        visibility: 'never',
      },
    ]),
    honest: { exercise: exerciseOf(dialect, [{ reference: HONEST }, { reference: HONEST }]), code: HONEST },
    also: (sandbox) => {
      test.each(LEAVINGS[dialect])('%s do not stay for the next submission', async (_, leave, look) => {
        const rowsSeen = async () => {
          const exercise = exerciseOf(dialect, [{ setup: '', expectedRows: [[SECRET]] }]);
          return (await grade(sandbox(), exercise, look, AbortSignal.timeout(100_000))).tests[0]?.actual;
        };
        const before = await rowsSeen();
        expect(before).toBeDefined();
        await grade(
          sandbox(),
          exerciseOf(dialect, [{ expectedRows: [[SECRET]] }]),
          leave,
          AbortSignal.timeout(100_000),
        );
        expect(await rowsSeen()).toEqual(before);
      });

      test('nothing was written to the host', () => {
        expect(HOST_FILES.filter((path) => existsSync(path))).toEqual([]);
      });
    },
  });
}
