import { LRUCache } from 'lru-cache';
import type { Database } from '../../shared/db/pool.ts';
import { AppError, ERROR_STATUS } from '../../shared/errors.ts';
import type { Actor, Policy, Route } from './define-route.ts';
import { recordAudit } from './record-audit.ts';

/** Records that somebody who is known was refused a route that is for operators or admins; other refusals are everyday business. */
export type NoteDenial = (
  route: Pick<Route, 'method' | 'policy'>,
  pattern: string,
  actor: Actor,
  refusal: unknown,
  ip: string | null,
) => Promise<void>;

/** Who knocks on for ever is recorded once in so long for each route, by each process: the log must not be somebody's to flood. */
const SILENCE_MS = 60_000;
const SILENCES = 10_000;

/** A denial that cannot be recorded is a denial all the same: the trouble is told to `onError`. */
export function createDenialAudit(db: Pick<Database, 'query'>, onError: (error: Error) => void): NoteDenial {
  const silent = new LRUCache<string, true>({ max: SILENCES, ttl: SILENCE_MS });
  return async ({ method, policy }, pattern, actor, refusal, ip) => {
    if (!isPrivileged(policy) || !(refusal instanceof AppError) || ERROR_STATUS[refusal.code] !== 403) return;
    const target = `${method.toUpperCase()} ${pattern}`;
    const subject = `${actor.id} ${target}`;
    if (silent.has(subject)) return;
    silent.set(subject, true);
    try {
      const details = { code: refusal.code };
      await recordAudit(db, { ip }, { action: 'access.denied', actorId: actor.id, target, details });
    } catch (error) {
      silent.delete(subject);
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

const isPrivileged = (policy: Policy): boolean =>
  typeof policy === 'object' && policy.roles.every((role) => role === 'operator' || role === 'admin');
