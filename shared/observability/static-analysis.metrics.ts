import { Counter, Histogram, type Registry } from 'prom-client';

export interface StaticAnalysisMetrics {
  analysed: (language: string, result: string, seconds: number) => void;
  recycled: (reason: string) => void;
}

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1, 3, 10];

/** The metrics of analysing code for reviews. */
export function createStaticAnalysisMetrics(registry: Registry): StaticAnalysisMetrics {
  const analyses = new Histogram({
    name: 'review_static_analysis_seconds',
    help: 'Time that a static analysis took, waiting for a thread included',
    labelNames: ['language', 'result'],
    buckets: SECONDS,
    registers: [registry],
  });
  const recycled = new Counter({
    name: 'review_static_analysis_threads_recycled_total',
    help: 'Threads of static analysis that were ended, by reason',
    labelNames: ['reason'],
    registers: [registry],
  });
  return {
    analysed: (language, result, seconds) => {
      analyses.observe({ language, result }, seconds);
    },
    recycled: (reason) => {
      recycled.inc({ reason });
    },
  };
}
