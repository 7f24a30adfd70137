import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createStaticAnalysisMetrics } from '../../../shared/observability/static-analysis.metrics.ts';
import type { StaticFacts } from '../facts.ts';
import type { ReviewSubject } from '../subject.ts';
import { AnalysisFailed, AnalysisPool, type PoolLimits } from './analysis-pool.ts';
import { factsUnknown } from './facts-unknown.ts';

/** Finds out about code what can be known without asking anybody. */
export type StaticAnalysis = {
  /**
   * The facts of a subject's code. Code that is too large, or that a parser hangs or breaks over, has facts too: that it was not analysed.
   * @throws the signal's reason when aborted.
   */
  analyse(subject: ReviewSubject, signal: AbortSignal): Promise<StaticFacts>;
  /** Ends its threads. */
  close(): Promise<void>;
};

export type StaticAnalysisOptions = { log: Logger; registry?: Registry; limits?: Partial<PoolLimits> };

const MAX_CODE_BYTES = 64 * 1024;
const LIMITS: PoolLimits = {
  threads: 2,
  timeLimitMs: 15_000,
  memoryMb: 256,
  recycleAfter: 1000,
  mostWaiting: 200,
  idleMs: 60_000,
};

/** Opens static analysis for a worker process. Its threads are started by the first analyses. */
export function openStaticAnalysis({ log, registry, limits }: StaticAnalysisOptions): StaticAnalysis {
  const metrics = createStaticAnalysisMetrics(registry ?? new Registry());
  const pool = new AnalysisPool({ ...LIMITS, ...limits }, (reason) => metrics.recycled(reason));
  return {
    analyse: async (subject, signal) => {
      if (Buffer.byteLength(subject.code) > MAX_CODE_BYTES) return factsUnknown(subject);
      const started = performance.now();
      const { language, dialect, code, exercise } = subject;
      const ended = (result: 'analysed' | AnalysisFailed['reason']) =>
        metrics.analysed(language, result, (performance.now() - started) / 1000);
      try {
        const facts = await pool.run({ language, dialect, code, starterCode: exercise.starterCode }, signal);
        ended('analysed');
        // What has passed a test can be read, if not by our parser.
        const hasRun = subject.grade.tests.some(({ verdict }) => verdict === 'accepted');
        return facts.parsed || !hasRun ? facts : factsUnknown(subject);
      } catch (error) {
        if (!(error instanceof AnalysisFailed)) throw error;
        ended(error.reason);
        log.warn({ err: error, language }, 'code could not be analysed; its review goes without');
        return factsUnknown(subject);
      }
    },
    close: () => pool.close(),
  };
}
