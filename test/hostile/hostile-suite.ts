import { createServer, type Server } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Grade, type TestVerdict } from '../../shared/contracts/grade.contract.ts';
import { grade, type GradableExercise } from '../../worker/grading/grade.ts';
import type { EngineName } from '../../worker/grading/sandbox/engines/engine.ts';
import type { IsolationMode } from '../../worker/grading/sandbox/isolation.ts';
import type { Sandbox, SandboxOptions } from '../../worker/grading/sandbox/sandbox.ts';
import { RUN_WALL_MS } from '../../worker/grading/sandbox/limits.ts';
import { eventually } from '../support/eventually.ts';
import { descendantsOf, openSandbox } from '../support/grading.ts';

/** One attack: learner code, and the verdicts its first test may get. `accepted` is in no list: nothing here is a solution. */
export type HostileCase = { name: string; code: string; verdicts: TestVerdict[] };

/** What must not be found in anything that an attack could have printed or returned. */
export const SECRET = 'canary-5f1b7c0e';

type HostileSuite = {
  engine: EngineName;
  options?: Partial<SandboxOptions>;
  modes: readonly IsolationMode[];
  cases: readonly HostileCase[];
  /** Its first test is visible, and a hidden one knows the secret. */
  attacked: GradableExercise;
  /** An exercise and its solution: what passes first, after every attack, and last. */
  honest: { exercise: GradableExercise; code: string };
  /** More tests, with the same sandbox. */
  also?: (sandbox: () => Sandbox) => void;
};

/**
 * Runs every attack against an engine. After each of them: the answer came in time and tells nothing hidden, an honest submission passes, what
 * the host has is untouched, and there are as many runners as before.
 */
export function describeHostile(suite: HostileSuite): void {
  const { engine, options, modes, cases, attacked, honest } = suite;
  // All the time that a submission may have, twice where the machine held it up. What is not graded by then is aborted, which fails.
  const longestMs = 2 * RUN_WALL_MS;
  jest.setTimeout(4 * longestMs);

  describe.each(modes)(`hostile code on ${engine}, isolation %s`, (mode) => {
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
      sandbox = await openSandbox({ warm: [engine], ...options }, mode);
    });

    afterAll(async () => {
      await sandbox.close();
      listener.close();
      rmSync(directory, { recursive: true });
      delete process.env['LEARNIFY_CANARY'];
      await eventually('no process left', () => descendantsOf(process.pid).every((pid) => before.has(pid)));
    });

    async function honestSubmissionPasses(): Promise<void> {
      const result = await grade(sandbox, honest.exercise, honest.code, AbortSignal.timeout(longestMs));
      expect(result).toMatchObject({ verdict: 'accepted', score: 100 });
    }

    test('an honest submission passes first', honestSubmissionPasses);

    test.each(cases)('$name', async ({ code, verdicts }) => {
      const result = Grade.parse(await grade(sandbox, attacked, code, AbortSignal.timeout(longestMs)));

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
      await eventually(
        'a runner is ready, none is busy',
        () => {
          const { ready, busy } = sandbox.health();
          return ready && busy === 0;
        },
        60_000,
      );
      expect(sandbox.health().idle + sandbox.health().starting).toBeLessThanOrEqual(2);
    });

    suite.also?.(() => sandbox);

    test('an honest submission passes last', honestSubmissionPasses);
  });
}
