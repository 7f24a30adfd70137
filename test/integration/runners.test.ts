import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { grade } from '../../worker/grading/grade.ts';
import { probeIsolation } from '../../worker/grading/sandbox/isolation.ts';
import type { RecycleReason } from '../../worker/grading/sandbox/pool.ts';
import type { RunReport, Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { eventually } from '../support/eventually.ts';
import { HONEST_GCD, buildExercise, callOfF, descendantsOf, isRunning, openSandbox } from '../support/grading.ts';

/** More than a runner of SQLite may ever have had. */
const LARGE_BYTES = 300 * 1024 * 1024;

const queryExercise = buildExercise({
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

describe('life of the runners', () => {
  const recycled: RecycleReason[] = [];
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await openSandbox({ hooks: { onRecycle: (reason) => recycled.push(reason) } });
  });
  afterAll(() => sandbox.close());

  const gradeOf = (code: string, exercise = buildExercise(), signal = AbortSignal.timeout(50_000)) =>
    grade(sandbox, exercise, code, signal);

  test('an abort ends the run at once and the pool goes on', async () => {
    const controller = new AbortController();
    const exercise = buildExercise({ limits: { cpuMs: 10_000, wallMs: 30_000 } });
    const running = gradeOf('export const gcd = () => { for (;;); };', exercise, controller.signal);
    const ended = expect(running).rejects.toThrow('cancelled by the learner');
    await eventually('a busy runner', () => sandbox.health().busy === 1);
    controller.abort(new Error('cancelled by the learner'));
    await ended;
    expect((await gradeOf(HONEST_GCD)).verdict).toBe('accepted');
  });

  test('a runner that is killed from outside is replaced and the submission still graded', async () => {
    const reports: RunReport[] = [];
    const own = await openSandbox({ spare: 1, hooks: { onRun: (run) => reports.push(run) } });
    try {
      await eventually('two warm runners', () => own.health().idle === 2);
      const before = new Set(descendantsOf(process.pid));
      // For two seconds, on whatever machine.
      const slow =
        'const end = Date.now() + 2000; while (Date.now() < end); export const gcd = (a, b) => (b ? gcd(b, a % b) : a);';
      const exercise = buildExercise({ limits: { cpuMs: 10_000, wallMs: 20_000 } });
      const running = grade(own, exercise, slow, AbortSignal.timeout(50_000));
      await eventually('a busy runner', () => own.health().busy === 1);
      const busy = own.busyPids();
      expect(busy).toHaveLength(1);
      for (const pid of busy) if (before.has(pid)) process.kill(-pid, 'SIGKILL');
      expect((await running).verdict).toBe('accepted');
      expect(reports.at(-1)).toMatchObject({ result: 'retried' });
    } finally {
      await own.close();
    }
  });

  test('a loop that the engine cannot interrupt is ended by the wall clock', async () => {
    const endless = 'export function f() { const a = []; a[4294967294] = 1; return a.sort().length; }';
    const exercise = buildExercise({ tests: [callOfF([], 1)], limits: { wallMs: 1000, cpuMs: 50 } });
    const [found] = (await gradeOf(endless, exercise)).tests;
    expect(found).toMatchObject({ verdict: 'time_limit', message: 'time limit exceeded' });
    expect(recycled).toContain('wall_clock');
  });

  test('a run that the machine held up is repeated alone before it is called too slow', async () => {
    const repeated: string[] = [];
    const own = await openSandbox({ hooks: { onRepeatAlone: (engine) => repeated.push(engine) } });
    try {
      await eventually('warm runners', () => own.health().idle === 2);
      const code =
        'const end = Date.now() + 700; while (Date.now() < end); export const gcd = (a, b) => (b ? gcd(b, a % b) : a);';
      const exercise = buildExercise({ limits: { cpuMs: 1500, wallMs: 3000 } });
      const running = grade(own, exercise, code, AbortSignal.timeout(50_000));
      await eventually('a busy runner', () => own.busyPids().length === 1);
      // Stopped, it gets no cpu at all: the worst that other work on the machine could do to it.
      for (const runner of own.busyPids()) {
        for (const pid of [runner, ...descendantsOf(runner)]) process.kill(pid, 'SIGSTOP');
      }
      expect(await running).toMatchObject({ verdict: 'accepted', score: 100 });
      expect(repeated).toEqual(['quickjs']);
    } finally {
      await own.close();
    }
  });

  test('a runner that cannot start is a platform fault, and the pool recovers', async () => {
    const failures: Error[] = [];
    const node = process.execPath;
    const { isolation } = sandbox;
    process.execPath = '/nonexistent/node';
    const own = await openSandbox({ isolation, hooks: { onStartFailure: (error) => failures.push(error) } });
    try {
      const running = grade(own, buildExercise(), HONEST_GCD, AbortSignal.timeout(50_000));
      await expect(running).rejects.toMatchObject({ code: 'runner_unavailable', retryable: true });
      expect(failures.length).toBeGreaterThanOrEqual(3);
      expect(own.health().ready).toBe(false);
      await expect(probeIsolation('required')).rejects.toMatchObject({
        code: 'isolation_unavailable',
        retryable: false,
      });
      expect(await probeIsolation('auto')).toMatchObject({ layer: 'portable' });
      process.execPath = node;
      await eventually('a warm runner', () => own.health().ready);
      expect(await grade(own, buildExercise(), HONEST_GCD, AbortSignal.timeout(50_000))).toMatchObject({ score: 100 });
    } finally {
      process.execPath = node;
      await own.close();
    }
  });

  test('runners that nobody keeps warm are started when they are needed, and end when they are not', async () => {
    const ended: string[] = [];
    const hooks = { onRecycle: (reason: RecycleReason, engine: string) => ended.push(`${engine} ${reason}`) };
    const own = await openSandbox({ size: 2, warm: [], idleMs: 100, hooks });
    try {
      expect(own.health()).toMatchObject({ ready: false, idle: 0, starting: 0 });
      const graded = [1, 2].map(() => grade(own, buildExercise(), HONEST_GCD, AbortSignal.timeout(50_000)));
      for (const result of await Promise.all(graded)) expect(result).toMatchObject({ verdict: 'accepted' });
      await eventually('all have ended', () => {
        const { idle, busy, starting } = own.health();
        return idle + busy + starting === 0;
      });
      expect(new Set(ended)).toEqual(new Set(['quickjs unneeded']));
    } finally {
      await own.close();
    }
  });

  test('close leaves no process', async () => {
    const own = await openSandbox({ size: 2 });
    await eventually('warm runners', () => own.health().idle === 3);
    const exercise = buildExercise({ limits: { cpuMs: 10_000, wallMs: 30_000 } });
    const running = grade(own, exercise, 'for (;;);', AbortSignal.timeout(50_000));
    const failed = expect(running).rejects.toMatchObject({ name: 'SandboxError', code: 'pool_closed' });
    await eventually('a busy runner', () => own.health().busy === 1);
    const pids = own.busyPids().flatMap((pid) => [pid, ...descendantsOf(pid)]);
    await own.close();
    await failed;
    await eventually('runners gone', () => pids.every((pid) => !isRunning(pid)));
    expect(own.health()).toMatchObject({ ready: false, idle: 0, busy: 0 });
  });

  test.each(['off', 'auto'] as const)('no runner outlives a worker that is killed, isolation %s', async (mode) => {
    const script = `
      import { grade } from './worker/grading/grade.ts';
      import { probeIsolation } from './worker/grading/sandbox/isolation.ts';
      import { Sandbox } from './worker/grading/sandbox/sandbox.ts';
      const sandbox = new Sandbox({ size: 1, isolation: await probeIsolation('${mode}'), warm: ['quickjs'] });
      const exercise = ${JSON.stringify(buildExercise({ limits: { cpuMs: 10_000, wallMs: 30_000 } }))};
      const endless = 'export function gcd() { const a = []; a[4294967294] = 1; a.length = 4294967295; for (;;) a.sort(); }';
      setInterval(() => { if (sandbox.health().busy === 1 && sandbox.health().idle === 1) console.log('busy'); }, 50);
      await grade(sandbox, exercise, endless, AbortSignal.timeout(30_000));`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => worker.stdout.once('data', resolve));
    const runners = descendantsOf(worker.pid ?? 0);
    expect(runners.length).toBeGreaterThanOrEqual(2);
    worker.kill('SIGKILL');
    await eventually('runners gone with their worker', () => runners.every((pid) => !isRunning(pid)));
  });
});

describe.each(['off', 'auto'] as const)('runners of a worker that was large once, isolation %s', (mode) => {
  test('are not taken for large themselves, and have their limits of memory all the same', async () => {
    Buffer.alloc(LARGE_BYTES, 1);
    const recycled: string[] = [];
    const sandbox = await openSandbox(
      { warm: ['sqlite'], hooks: { onRecycle: (reason) => recycled.push(reason) } },
      mode,
    );
    try {
      const gradeOf = (code: string) => grade(sandbox, queryExercise, code, AbortSignal.timeout(50_000));
      for (let turn = 0; turn < 3; turn++) expect((await gradeOf(SOLUTION)).verdict).toBe('accepted');
      expect(recycled).toEqual([]);
      expect((await gradeOf(GREEDY)).verdict).toBe('memory_limit');
    } finally {
      await sandbox.close();
    }
  });
});
