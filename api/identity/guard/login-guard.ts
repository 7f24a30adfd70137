import { createHash } from 'node:crypto';
import { AppError } from '../../../shared/errors.ts';
import {
  deleteGuards,
  deleteGuardsOfAccount,
  lockGuards,
  readGuards,
  takeBackFailure,
  updateGuards,
  type GuardRow,
  type GuardScope,
  type GuardSubject,
} from '../../../shared/identity/login-guard.repository.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { emailKey } from '../../../shared/identity/user.repository.ts';
import type { IdentityMetrics } from '../../../shared/observability/identity.metrics.ts';
import { networkOf } from '../../http/client-address.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { addFailure, delayAfter, guardRules, type GuardRules } from './guard-rules.ts';

/** What was counted of a subject for one attempt, should it fail. */
interface Counted {
  subject: GuardSubject;
  failures: number;
  delaySeconds: number;
  /** Whether this is the failure that brings the first delay. */
  beginsDelay: boolean;
}

/** One attempt to prove who somebody is, counted as failed until it is known to have succeeded. */
export type Attempt = readonly Counted[];

/** Slows down whoever guesses. Counts are in PostgreSQL: they hold over all processes, and without Redis. */
export interface LoginGuard {
  /** @throws AppError LOGIN_DELAYED while any of these has to wait. It counts nothing; only `count` is safe against attempts side by side. */
  check: (subjects: readonly GuardSubject[]) => Promise<void>;
  /**
   * Counts an attempt before it is looked at, so that of attempts side by side no more are looked at than of attempts one by one.
   *
   * @throws AppError LOGIN_DELAYED while any of these has to wait; then it counts nothing.
   */
  count: (subjects: readonly GuardSubject[]) => Promise<Attempt>;
  /** The attempt was right after all: what is somebody's own starts anew, what is shared with others has only this one taken back. */
  succeeded: (attempt: Attempt) => Promise<void>;
}

/** Others may have failed there too, so that one success excuses only itself. */
const SHARED_SCOPES: ReadonlySet<GuardScope> = new Set(['account', 'account_spent', 'network']);

export function createLoginGuard(
  db: Database,
  metrics: Pick<IdentityMetrics, 'attempt'>,
  failuresBeforeDelay: number,
): LoginGuard {
  const rules = guardRules(failuresBeforeDelay);
  const refuseToWait = (rows: readonly GuardRow[]): void => {
    const waitSeconds = waitOf(rows, rules);
    if (waitSeconds <= 0) return;
    metrics.attempt('delayed');
    // What was counted of codes no reset forgives.
    const isForgivable = rows.some(({ scope }) => scope !== 'second_factor');
    throw new AppError(
      'LOGIN_DELAYED',
      `There were too many failed attempts. Wait before the next${isForgivable ? ', or reset your password' : ''}.`,
      { retryAfterSeconds: Math.ceil(waitSeconds) },
    );
  };
  return {
    check: async (subjects) => {
      refuseToWait(await readGuards(db, subjects));
    },
    count: (subjects) =>
      db.transaction(async (tx) => {
        const rows = await lockGuards(tx, subjects);
        refuseToWait(rows);
        const attempt = judge(subjects, rows, rules);
        await updateGuards(
          tx,
          attempt.map(({ subject, ...counted }) => ({ key: subject.key, ...counted })),
        );
        return attempt;
      }),
    succeeded: async (attempt) => {
      const subjects = attempt.map(({ subject }) => subject);
      const [shared, own] = [subjects.filter(isShared), subjects.filter((subject) => !isShared(subject))];
      if (shared.length > 0) await takeBackFailure(db, shared);
      if (own.length > 0) await deleteGuards(db, own);
    },
  };
}

const isShared = ({ scope }: GuardSubject): boolean => SHARED_SCOPES.has(scope);

/** A network is spent for an account once its failures there, as far as they are not forgiven, have brought a delay. */
function isSpent(rows: readonly GuardRow[], rules: GuardRules): boolean {
  const row = rows.find(({ scope }) => scope === 'account_network');
  const rule = rules.account_network;
  return row !== undefined && delayAfter(addFailure(row.failures, row.idle_seconds, rule), rule) > 1;
}

/** How many seconds an attempt has to wait by the strictest of its rows; not above 0 when by none. Only spent networks wait for each other. */
function waitOf(rows: readonly GuardRow[], rules: GuardRules): number {
  const spent = isSpent(rows, rules);
  const heeded = rows.filter(({ scope }) => spent || scope !== 'account_spent');
  return Math.max(0, ...heeded.map(({ wait_seconds }) => wait_seconds));
}

/**
 * What one more failure makes of each subject. One network adds to what is counted of an account only until it is spent: so nobody can lock
 * an account for everybody from one place, however patient, and guessing from many places still adds up. Spent networks add up apart, or
 * each of them, however many there are, could guess on for ever at its own pace.
 */
function judge(subjects: readonly GuardSubject[], rows: readonly GuardRow[], rules: GuardRules): Attempt {
  const left = isSpent(rows, rules) ? 'account' : 'account_spent';
  const counted = subjects.filter(({ scope }) => scope !== left);
  return counted.map((subject): Counted => {
    const rule = rules[subject.scope];
    const row = rows.find(({ scope }) => scope === subject.scope);
    const failures = addFailure(row?.failures ?? 0, row?.idle_seconds ?? 0, rule);
    const delaySeconds = delayAfter(failures, rule);
    return { subject, failures, delaySeconds, beginsDelay: delaySeconds === 1 };
  });
}

/** Notes in metrics and audit log what the failure of an attempt brings. Inside a transaction it has to be the last step. */
export async function recordDelays(
  db: Database,
  metrics: Pick<IdentityMetrics, 'delayed'>,
  attempt: Attempt,
  actorId: string | null,
  request: Pick<RequestFacts, 'ip'>,
): Promise<void> {
  for (const { subject, delaySeconds, beginsDelay } of attempt) {
    if (delaySeconds > 0) metrics.delayed(subject.scope);
    if (!beginsDelay) continue;
    const details = {
      scope: subject.scope,
      ...(subject.accountKey === null ? {} : describeAccount(subject.accountKey)),
    };
    await recordAudit(db, request, { action: 'login.delayed', actorId, details });
  }
}

/** An address as the audit log names it: whoever knows it finds it again, nobody reads it. */
export const describeAccount = (accountKey: Buffer): { account: string } => ({
  account: accountKey.toString('hex').slice(0, 16),
});

/** Of an account, whether there is one or not. */
export const accountKeyOf = (email: string): Buffer => digest('account', emailKey(email));

/**
 * Who tries an account's password without having been there before: judged by what failed of it there, there, and of it anywhere, or at
 * networks that are spent.
 */
export function strangerSubjects(accountKey: Buffer, ip: string | null): GuardSubject[] {
  const network = networkOf(ip);
  return [
    { scope: 'account_network', key: digest('account_network', accountKey.toString('hex'), network), accountKey },
    { scope: 'network', key: digest('network', network), accountKey: null },
    { scope: 'account', key: accountKey, accountKey },
    { scope: 'account_spent', key: digest('account_spent', accountKey.toString('hex')), accountKey },
  ];
}

/** What is judged by its own failures alone, whatever others do to the account: a device, or a session, that was let in before. */
export function acquaintedSubjects(accountKey: Buffer, identity: Buffer): GuardSubject[] {
  return [{ scope: 'device', key: digest('device', identity.toString('hex')), accountKey }];
}

export function secondFactorSubjects(userId: string): GuardSubject[] {
  return [{ scope: 'second_factor', key: digest('second_factor', userId), accountKey: null }];
}

/** The same for codes. They are counted apart from passwords: neither a right password nor a reset excuses wrong codes. */
export function acquaintedCodeSubjects(identity: Buffer): GuardSubject[] {
  return [{ scope: 'second_factor', key: digest('acquainted_code', identity.toString('hex')), accountKey: null }];
}

function digest(...parts: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

/** Forgives all failed logins of an account: whoever reset its password proved to be its owner. */
export async function forgetFailures(db: Database, email: string): Promise<void> {
  await deleteGuardsOfAccount(db, accountKeyOf(email));
}
