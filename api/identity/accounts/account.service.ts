import type { z } from 'zod';
import type { OwnAccount, ProfileChange } from '../../../shared/contracts/account.contract.ts';
import { accountGone } from '../../../shared/errors.ts';
import { lockLiveSession } from '../../../shared/identity/session-proof.repository.ts';
import { findOwnAccount, renameUser, type OwnAccountRow } from '../../../shared/identity/user.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { sessionOver } from '../sessions/access-answer.ts';

type AccountDeps = Pick<IdentityDeps, 'db'>;

/** @throws AppError UNAUTHENTICATED when the account is gone. */
export async function getOwnAccount({ db }: AccountDeps, actor: Actor): Promise<OwnAccount> {
  const row = await findOwnAccount(db, actor.id);
  if (row === null) throw accountGone();
  return toOwnAccount(row);
}

/** An account as its owner, and whoever administers accounts, sees it. */
export function toOwnAccount(row: OwnAccountRow): OwnAccount {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    roles: row.roles,
    emailVerified: row.email_verified_at !== null,
    secondFactorActive: row.second_factor_active,
    createdAt: row.created_at,
  };
}

/** @throws AppError UNAUTHENTICATED when the account is gone, or the session over. */
export async function changeProfile(
  { db }: AccountDeps,
  actor: Actor,
  { name }: z.output<typeof ProfileChange>,
  request: RequestFacts,
): Promise<OwnAccount> {
  await db.transaction(async (tx) => {
    if (!(await renameUser(tx, actor.id, name))) throw accountGone();
    // It may have waited for a reset, which takes away the name that a stranger gave the account.
    if (!(await lockLiveSession(tx, { userId: actor.id, sessionId: actor.sessionId }))) throw sessionOver();
    const details = { fields: ['name'] };
    await recordAudit(tx, request, { action: 'account.profile_changed', actorId: actor.id, details });
  });
  return getOwnAccount({ db }, actor);
}
