import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Client } from '../test/support/client.ts';

const POLL_MS = 5;
const WARM_UP = 10;

const Submission = z.object({
  status: z.string(),
  verdict: z.string().nullable(),
  startedAt: z.string().nullable(),
  completedAt: z.string().nullable(),
});

interface Latency {
  totalMs: number;
  /** From the claim by a worker to the end of the grade. */
  gradingMs: number;
}

interface Load {
  client: Client;
  exerciseId: string;
  /** The n-th submission's code, counted from 0; it must be accepted. */
  code: (index: number) => string;
  perSecond: number;
  seconds: number;
}

/** Submits at a steady rate, whatever the answers take, and measures each from the request to the verdict. Some more go first, to warm up. */
export async function measureSubmissions({ client, exerciseId, code, perSecond, seconds }: Load): Promise<Latency[]> {
  for (let warm = 0; warm < WARM_UP; warm++) await measureSubmission(client, exerciseId, code(warm));
  const running: Promise<Latency>[] = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < perSecond * seconds; sent++) {
    await sleep(Math.max(0, startedAt + (sent * 1000) / perSecond - performance.now()));
    running.push(measureSubmission(client, exerciseId, code(WARM_UP + sent)));
  }
  return Promise.all(running);
}

async function measureSubmission(client: Client, exerciseId: string, code: string): Promise<Latency> {
  const startedAt = performance.now();
  const accepted = await client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code });
  if (accepted.status !== 202) throw new Error(`Submitting answered ${accepted.status}: ${accepted.text}`);
  const location = accepted.headers.get('location') ?? '';
  for (;;) {
    const submission = Submission.parse((await client.get(`${location}?wait=20`)).body);
    if (submission.status === 'completed') {
      if (submission.verdict !== 'accepted') throw new Error(`The right solution got ${submission.verdict}.`);
      const gradingMs = Date.parse(submission.completedAt ?? '') - Date.parse(submission.startedAt ?? '');
      return { totalMs: performance.now() - startedAt, gradingMs };
    }
    await sleep(POLL_MS);
  }
}

export function summarize(values: readonly number[]): { p50: number; p95: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
