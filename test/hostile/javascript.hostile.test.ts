import { createServer, type Server } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { HONEST_GCD, buildExercise, callOfF, descendantsOf, eventually, openSandbox } from '../support/grading.ts';
import { hostileCases } from './javascript.cases.ts';

const SIZE = 1;
const LIMITS = { cpuMs: 50, wallMs: 2000, memoryMb: 32, outputKb: 16 };
const SECRET = 'canary-5f1b7c0e';

/** The second test is hidden; its expected answer must never show up in what the code could have printed or returned. */
const attacked = buildExercise({
  limits: LIMITS,
  tests: [callOfF([1], 1), callOfF([7], SECRET, { visibility: 'never' })],
});
/** Loading and two calls, each up to its wall limit and the kill margin, and time to start fresh runners on a busy machine. */
const LONGEST_MS = 3 * (LIMITS.wallMs + 500) + 10_000;

describe.each(['off', 'auto'] as const)('hostile JavaScript, isolation %s', (mode) => {
  let sandbox: Sandbox;
  let listener: Server;
  let connections = 0;
  const directory = mkdtempSync(join(tmpdir(), 'learnify-canary-'));
  const canary = join(directory, 'canary.txt');
  // The servers that all suites share.
  const before = new Set(descendantsOf(process.pid));

  beforeAll(async () => {
    process.env['LEARNIFY_CANARY'] = SECRET;
    writeFileSync(canary, SECRET);
    listener = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
    sandbox = await openSandbox({ size: SIZE }, mode);
  });

  afterAll(async () => {
    await sandbox.close();
    listener.close();
    rmSync(directory, { recursive: true });
    delete process.env['LEARNIFY_CANARY'];
    await eventually('no process left', () => descendantsOf(process.pid).every((pid) => before.has(pid)));
  });

  async function honestSubmissionPasses(): Promise<void> {
    const result = await grade(sandbox, buildExercise(), HONEST_GCD, AbortSignal.timeout(30_000));
    expect(result).toMatchObject({ verdict: 'accepted', score: 100 });
  }

  test('an honest submission passes first', honestSubmissionPasses);

  test.each(hostileCases)('$name', async ({ code, verdicts }) => {
    const started = performance.now();
    const result = Grade.parse(await grade(sandbox, attacked, code, AbortSignal.timeout(50_000)));
    expect(performance.now() - started).toBeLessThan(LONGEST_MS);

    expect(verdicts).toContain(result.tests[0]?.verdict);
    expect(result.score).toBe(0);
    const shown = JSON.stringify([result.stdout, ...result.tests.map((found) => [found.stdout, found.actual])]);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain('root:');
    expect(shown).not.toContain(process.cwd());
    expect(JSON.stringify(result).length).toBeLessThan(500_000);

    await honestSubmissionPasses();
    expect(readFileSync(canary, 'utf8')).toBe(SECRET);
    expect(connections).toBe(0);
    await eventually('the usual number of runners', () => {
      const { idle, busy, starting } = sandbox.health();
      return idle + starting === SIZE + 1 && busy === 0;
    });
  });

  test('globals of one submission are not there in the next', async () => {
    const exercise = buildExercise({ tests: [callOfF([], 'undefined')] });
    const code =
      'export const f = () => { const seen = typeof globalThis.left; globalThis.left = 1; Array.prototype.left = 1; return seen; };';
    for (let round = 0; round < 3; round++) {
      expect(await grade(sandbox, exercise, code, AbortSignal.timeout(30_000))).toMatchObject({ verdict: 'accepted' });
    }
  });

  test('changed arguments do not reach the next test nor the grade', async () => {
    const exercise = buildExercise({ tests: [callOfF([[3, 1, 2]], 3), callOfF([[3, 1, 2]], 3)] });
    const code =
      'export const f = (list) => { const first = list[0]; list.length = 0; list.push("gone"); return first; };';
    const result = await grade(sandbox, exercise, code, AbortSignal.timeout(30_000));
    expect(result.verdict).toBe('accepted');
    expect(result.tests[1]?.input).toEqual([[3, 1, 2]]);
  });

  test('an honest submission passes last', honestSubmissionPasses);
});
