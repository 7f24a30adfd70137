/** Latencies in milliseconds. */
export type Measured = { perSecond: number; p50: number; p95: number };

/** Keeps every slot busy for a while and answers throughput and latency. */
export async function measure(durationMs: number, slots: number, work: () => Promise<void>): Promise<Measured> {
  const latencies: number[] = [];
  const started = performance.now();
  const slot = async () => {
    while (performance.now() - started < durationMs) {
      const begun = performance.now();
      await work();
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: slots }, slot));
  const elapsedSeconds = (performance.now() - started) / 1000;
  latencies.sort((left, right) => left - right);
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { perSecond: latencies.length / elapsedSeconds, p50: percentile(0.5), p95: percentile(0.95) };
}

export function format({ perSecond, p50, p95 }: Measured): string {
  return `${perSecond.toFixed(1)} submissions/s, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`;
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
