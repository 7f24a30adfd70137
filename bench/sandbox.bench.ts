import { availableParallelism } from 'node:os';
import { ExerciseLimits, type CallTest } from '../shared/contracts/exercise.contract.ts';
import { grade, type GradableExercise } from '../worker/grading/grade.ts';
import { probeIsolation, type Isolation } from '../worker/grading/sandbox/isolation.ts';
import { Sandbox } from '../worker/grading/sandbox/sandbox.ts';

/**
 * Submissions a second through warm runners, of each kind of test, and beside it the same with a process started for every submission. Ten `call`
 * tests each, all isolation layers that work here. Run: `node bench/sandbox.bench.ts`; takes about 45 seconds.
 */
const SLOTS = 2;
const WARM_UP_MS = 2000;
const WARM_MS = 10_000;
const BASELINE_MS = 6000;

const CODE = `export function gcd(a, b) {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}`;

const exercise: GradableExercise = {
  language: 'javascript',
  entrypoint: 'gcd.js',
  files: [],
  clock: undefined,
  limits: ExerciseLimits.parse({}),
  tests: Array.from({ length: 10 }, (_, index): CallTest => {
    const factor = index + 2;
    return {
      kind: 'call',
      name: `common factor ${factor}`,
      weight: 1,
      visibility: 'always',
      function: 'gcd',
      args: [factor * 1009, factor * 1013],
      expected: factor,
      comparison: { type: 'exact' },
    };
  }),
};

/** The same ten questions as a suite of unit tests, and the first as a whole program. */
const suite: GradableExercise = {
  ...exercise,
  tests: [
    {
      kind: 'suite',
      name: 'suite',
      weight: 1,
      visibility: 'always',
      path: 'gcd.test.js',
      content: `import { gcd } from './gcd.js';
test.each([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])('common factor %i', (n) => { expect(gcd(n * 1009, n * 1013)).toBe(n); });`,
      runSkipped: false,
    },
  ],
};
const program: GradableExercise = {
  ...exercise,
  tests: [
    {
      kind: 'stdio',
      name: 'program',
      weight: 1,
      visibility: 'always',
      stdin: '2018 2026\n',
      expectedStdout: '2\n',
      comparison: { type: 'trimmed' },
    },
  ],
};
const PROGRAM = `${CODE.replace('export ', '')}
console.log(gcd(...require('fs').readFileSync(0, 'utf8').split(' ').map(Number)));`;

type Measured = { perSecond: number; p50: number; p95: number };

const isolation = await probeIsolation('auto');
print(`cores ${availableParallelism()}, slots ${SLOTS}, isolation ${isolation.layer}`);
const warm = await measureWarm(isolation, exercise, CODE);
print(`warm runners:         ${format(warm)}`);
print(`suite of ten cases:   ${format(await measureWarm(isolation, suite, CODE))}`);
print(`whole program:        ${format(await measureWarm(isolation, program, PROGRAM))}`);
const baseline = await measureBaseline(isolation);
print(`spawn per submission: ${format(baseline)}`);
print(`ratio:                ${(warm.perSecond / baseline.perSecond).toFixed(1)}x`);

async function measureWarm(layer: Isolation, graded: GradableExercise, code: string): Promise<Measured> {
  const sandbox = new Sandbox({ size: SLOTS, isolation: layer, warm: ['quickjs'] });
  const gradeOnce = async () => {
    const { verdict } = await grade(sandbox, graded, code, AbortSignal.timeout(10_000));
    if (verdict !== 'accepted') throw new Error(`the honest solution got ${verdict}`);
  };
  await measure(WARM_UP_MS, gradeOnce);
  const measured = await measure(WARM_MS, gradeOnce);
  await sandbox.close();
  return measured;
}

function measureBaseline(layer: Isolation): Promise<Measured> {
  return measure(BASELINE_MS, async () => {
    const sandbox = new Sandbox({ size: 1, isolation: layer, spare: 0 });
    await grade(sandbox, exercise, CODE, AbortSignal.timeout(10_000));
    await sandbox.close();
  });
}

/** Keeps every slot busy for a while and answers throughput and latency, in milliseconds. */
async function measure(durationMs: number, work: () => Promise<void>): Promise<Measured> {
  const latencies: number[] = [];
  const started = performance.now();
  const slot = async () => {
    while (performance.now() - started < durationMs) {
      const begun = performance.now();
      await work();
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: SLOTS }, slot));
  const elapsedSeconds = (performance.now() - started) / 1000;
  latencies.sort((left, right) => left - right);
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { perSecond: latencies.length / elapsedSeconds, p50: percentile(0.5), p95: percentile(0.95) };
}

function format({ perSecond, p50, p95 }: Measured): string {
  return `${perSecond.toFixed(1)} submissions/s, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
