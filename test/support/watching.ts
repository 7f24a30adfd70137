import { z } from 'zod';
import type { Registry } from 'prom-client';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import type { Client } from './client.ts';

const View = z.looseObject({ id: z.string(), status: z.string() });

/** Submits and returns the submission's id. */
export async function submitCode(
  client: Client,
  exerciseId: string,
  code = 'export const sum = (a, b) => a + b;',
): Promise<string> {
  const answer = await client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code });
  if (answer.status !== 202) throw new Error(`Not accepted: ${answer.text}`);
  return View.parse(answer.body).id;
}

/** How many requests the process keeps open for news. */
export async function watchersOf(registry: Registry, kind: 'wait' | 'stream'): Promise<number> {
  return gauge(registry, 'submission_watchers', { kind });
}

export async function isListening(registry: Registry): Promise<boolean> {
  return (await gauge(registry, 'database_notifications_live', {})) === 1;
}

async function gauge(registry: Registry, name: string, labels: Record<string, string>): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  const found = metric?.values.find((value) =>
    Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted),
  );
  return found?.value ?? 0;
}

/** Cuts every listening connection to the test's database, as a failover would. Returns how many there were. */
export async function cutListeners(db: Database): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ cut: z.number() }))`
    SELECT count(pg_terminate_backend(pid))::int AS cut FROM pg_stat_activity
    WHERE application_name = 'learnify-listen' AND datname = current_database()`);
}
