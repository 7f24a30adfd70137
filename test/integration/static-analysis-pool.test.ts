import { afterEach, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import type { PoolLimits } from '../../worker/review/static-analysis/analysis-pool.ts';
import { openStaticAnalysis, type StaticAnalysis } from '../../worker/review/static-analysis/static-analysis.ts';
import { buildAnalysed, silentLog } from '../support/static-analysis.ts';

const QUADRATIC = buildAnalysed('python', 'def f(a, b):\n    return [x for x in a if a.count(x) > 1]\n');
const never = new AbortController().signal;

let open: StaticAnalysis[] = [];
afterEach(async () => {
  await Promise.all(open.map((analysis) => analysis.close()));
  open = [];
});

/** Analyses have all the time in the world, unless told otherwise. */
function openTested(limits: Partial<PoolLimits> = {}): {
  analysis: StaticAnalysis;
  ended: (reason: string) => Promise<number>;
} {
  const registry = new Registry();
  const analysis = openStaticAnalysis({ log: silentLog, registry, limits: { timeLimitMs: 60_000, ...limits } });
  open.push(analysis);
  return {
    analysis,
    ended: async (reason) => {
      const metric = await registry.getSingleMetric('review_static_analysis_threads_recycled_total')?.get();
      return metric?.values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
    },
  };
}

describe('the threads of static analysis', () => {
  test('analyse every language', async () => {
    const { analysis } = openTested();
    const facts = await Promise.all(
      [
        QUADRATIC,
        buildAnalysed('javascript', 'export const f = (a) => a.map((x) => a.indexOf(x));\n'),
        buildAnalysed('typescript', 'export const f = (a: number[]): number => Math.max(...a);\n'),
        buildAnalysed('sql', 'DELETE FROM t;\n'),
        buildAnalysed('sql', 'SELECT a FROM t LIMIT 1;\n', { dialect: 'postgres' }),
      ].map((subject) => analysis.analyse(subject, never)),
    );
    expect(facts.map(({ findings }) => findings[0]?.rule)).toEqual([
      'search-in-loop',
      'search-in-loop',
      'extreme-of-nothing',
      'delete-all',
      'unordered-limit',
    ]);
    expect(facts[0]?.hasQuadraticShape).toBe(true);
  });

  test('code that is too large is not looked at', async () => {
    const { analysis } = openTested();
    const facts = await analysis.analyse(buildAnalysed('python', `x = "${'a'.repeat(64 * 1024)}"\n`), never);
    expect(facts).toMatchObject({ analysed: false, findings: [] });
  });

  test('an analysis that takes too long is ended, and the next one is served', async () => {
    const { analysis, ended } = openTested({ timeLimitMs: 1 });
    expect((await analysis.analyse(QUADRATIC, never)).analysed).toBe(false);
    expect(await ended('time_limit')).toBe(1);
    const { analysis: patient } = openTested();
    expect((await patient.analyse(QUADRATIC, never)).analysed).toBe(true);
  });

  test('code that breaks a parser breaks one analysis only', async () => {
    const { analysis, ended } = openTested({ memoryMb: 64 });
    const deep = buildAnalysed('javascript', `export const f = ${'['.repeat(30_000)}${']'.repeat(30_000)};\n`);
    const [broken, fine] = await Promise.all([analysis.analyse(deep, never), analysis.analyse(QUADRATIC, never)]);
    expect(broken.findings).toEqual([]);
    expect(broken.analysed).toBe(false);
    expect(fine.analysed).toBe(true);
    expect(await ended('broke')).toBe(1);
  });

  test('a thread is replaced after its number of jobs', async () => {
    const { analysis, ended } = openTested({ recycleAfter: 2 });
    for (let round = 0; round < 5; round++) expect((await analysis.analyse(QUADRATIC, never)).analysed).toBe(true);
    expect(await ended('worn_out')).toBe(2);
  });

  test('an aborted analysis is rejected with the reason, whether it waits or runs', async () => {
    const { analysis } = openTested();
    const controller = new AbortController();
    const running = analysis.analyse(QUADRATIC, controller.signal);
    const waiting = analysis.analyse(QUADRATIC, controller.signal);
    const other = analysis.analyse(QUADRATIC, never);
    controller.abort(new Error('taken away'));
    await expect(running).rejects.toThrow('taken away');
    await expect(waiting).rejects.toThrow('taken away');
    expect((await other).analysed).toBe(true);
    await expect(analysis.analyse(QUADRATIC, controller.signal)).rejects.toThrow('taken away');
  });

  test('more than can wait are answered without analysis', async () => {
    const { analysis } = openTested({ mostWaiting: 1, threads: 1 });
    const facts = await Promise.all(Array.from({ length: 4 }, () => analysis.analyse(QUADRATIC, never)));
    expect(facts.map(({ analysed }) => analysed)).toEqual([true, true, false, false]);
  });

  test('closing ends what runs and waits', async () => {
    const { analysis } = openTested();
    const facts = [analysis.analyse(QUADRATIC, never), analysis.analyse(QUADRATIC, never)];
    await analysis.close();
    expect((await Promise.all(facts)).map(({ analysed }) => analysed)).toEqual([false, false]);
    expect((await analysis.analyse(QUADRATIC, never)).analysed).toBe(false);
  });
});
