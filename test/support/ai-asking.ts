import { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import { z } from 'zod';
import { loadConfig, type Environment } from '../../shared/config/env.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { createLogger } from '../../shared/observability/logger.ts';
import { NoAnswer, type AiClient, type Answer, type Purpose } from '../../worker/ai/ai-client.ts';
import { openAiClient } from '../../worker/ai/open-ai-client.ts';
import type { Question } from '../../worker/ai/provider.ts';
import type { AiPeer } from './ai-peer.ts';
import type { Protocol } from './ai-peer-wire.ts';
import { eventually } from './eventually.ts';

/** What tests ask: a verdict and a reason. */
export const Verdict = z.strictObject({ verdict: z.enum(['good', 'bad']), reason: z.string().max(40).nullable() });
export type Verdict = z.infer<typeof Verdict>;
export const GOOD: Verdict = { verdict: 'good', reason: null };

export const question = (overrides: Partial<Question<typeof Verdict>> = {}): Question<typeof Verdict> => ({
  name: 'verdict',
  schema: Verdict,
  system: 'You judge programs.',
  user: 'Is this good?\nlet x = 1;',
  maxOutputTokens: 500,
  ...overrides,
});

export const API_KEY = 'sk-test-Zq8vN3mXw5Lk2Rb7';

export const PROTOCOLS = ['responses', 'chat', 'messages'] as const satisfies readonly Protocol[];

/** The environment in which a peer is asked in a protocol. */
export function settingsOf(protocol: Protocol, peer: AiPeer): Environment {
  const server =
    protocol === 'messages'
      ? { AI_PROVIDER: 'anthropic', AI_BASE_URL: peer.anthropicUrl }
      : { AI_PROVIDER: 'openai', AI_BASE_URL: peer.openaiUrl, AI_API_STYLE: protocol };
  return {
    ...server,
    AI_API_KEY: API_KEY,
    AI_MODEL: 'model-a',
    AI_PRICES: JSON.stringify({ 'model-a': { input: 2, output: 8 } }),
  };
}

export interface Asking {
  client: AiClient;
  recovered: string[];
  logs: () => string;
  metrics: () => Promise<string>;
  /** Asks as some learner and gives back the answer or why there is none. Any other error is thrown. */
  ask: (purpose?: Partial<Purpose>, asked?: Question<typeof Verdict>) => Promise<Answer<Verdict> | NoAnswer>;
}

/** A client as a worker process opens it, with the given environment. */
export function openAsking(db: DatabasePool, environment: Environment): Asking {
  const config = loadConfig(WorkerConfig, {
    DATABASE_URL: 'postgres://unused/unused',
    AI_RETRY_DELAY_MS: '5',
    ...environment,
  });
  const lines: string[] = [];
  const recovered: string[] = [];
  const registry = new Registry();
  const log = createLogger('worker', { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' }, () => ({}), {
    write: (line) => void lines.push(line),
  });
  const client = openAiClient({ config, db, log, registry }, { onRecovery: (name) => void recovered.push(name) });
  return {
    client,
    recovered,
    logs: () => lines.join(''),
    metrics: () => registry.metrics(),
    ask: async (purpose = {}, asked = question()) => {
      const paying: Purpose = { kind: 'review', learnerId: newId(), subjectId: newId(), ...purpose };
      try {
        return await client.ask(asked, paying, new AbortController().signal);
      } catch (error) {
        if (error instanceof NoAnswer) return error;
        throw error;
      }
    },
  };
}

const LedgerRow = z.strictObject({
  provider: z.string(),
  outcome: z.string().nullable(),
  learner_id: z.string().nullable(),
  reserved_micros: z.number(),
  input_tokens: z.number().nullable(),
  output_tokens: z.number().nullable(),
  cost_micros: z.number().nullable(),
});
export type LedgerRow = z.infer<typeof LedgerRow>;

/** What was recorded of all requests, in their order. */
export function readLedger(db: DatabasePool): Promise<readonly LedgerRow[]> {
  return db.any(sql.type(LedgerRow)`
    SELECT provider, outcome, learner_id, reserved_micros::float8, input_tokens::float8, output_tokens::float8, cost_micros::float8
    FROM ai_requests ORDER BY created_at`);
}

/** As if nobody had ever asked anything. */
export async function clearLedger(db: DatabasePool): Promise<void> {
  await db.query(sql.typeAlias('void')`TRUNCATE ai_requests, ai_spending, ai_pauses`);
  await db.query(sql.typeAlias('void')`UPDATE ai_switch SET enabled = true, reason = '', changed_at = NULL`);
}

/** Budgets are those of an hour or a day by the clock: waits for the next where this one has not half a minute left. */
export async function awaitRoomInHour(db: DatabasePool): Promise<void> {
  await eventually(
    'an hour with room for a test',
    () =>
      db.oneFirst(sql.type(z.strictObject({ has_room: z.boolean() }))`
        SELECT date_trunc('hour', now(), 'UTC') = date_trunc('hour', now() + interval '30 s', 'UTC') AS has_room`),
    45_000,
  );
}
