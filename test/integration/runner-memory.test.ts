import { describe, expect, test } from '@jest/globals';
import { grade } from '../../worker/grading/grade.ts';
import { buildExercise, openSandbox } from '../support/grading.ts';

/** More than a runner of SQLite may ever have had. */
const LARGE_BYTES = 300 * 1024 * 1024;

const exercise = buildExercise({
  language: 'sql',
  entrypoint: 'solution.sql',
  limits: { cpuMs: 5000, wallMs: 10_000 },
  tests: [
    {
      kind: 'query',
      name: 'one',
      dialect: 'sqlite',
      setup: 'CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (3);',
      expectedRows: [[9]],
    },
  ],
});
const SOLUTION = 'SELECT n * n AS n FROM numbers';
/** Takes its memory at once, before any limit of time. */
const GREEDY =
  'CREATE TABLE big AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n, randomblob(500000) FROM t';

describe.each(['off', 'auto'] as const)('runners of a worker that was large once, isolation %s', (mode) => {
  test('are not taken for large themselves, and have their limits of memory all the same', async () => {
    Buffer.alloc(LARGE_BYTES, 1);
    const recycled: string[] = [];
    const sandbox = await openSandbox(
      { warm: ['sqlite'], hooks: { onRecycle: (reason) => recycled.push(reason) } },
      mode,
    );
    try {
      const gradeOf = (code: string) => grade(sandbox, exercise, code, AbortSignal.timeout(50_000));
      for (let turn = 0; turn < 3; turn++) expect((await gradeOf(SOLUTION)).verdict).toBe('accepted');
      expect(recycled).toEqual([]);
      expect((await gradeOf(GREEDY)).verdict).toBe('memory_limit');
    } finally {
      await sandbox.close();
    }
  });
});
