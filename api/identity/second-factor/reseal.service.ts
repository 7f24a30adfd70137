import type { DatabasePool } from 'slonik';
import { listSealedByOtherKeys, lockMfaSecret, resealMfaSecret } from '../../../shared/identity/mfa.repository.ts';
import type { SecretSealer } from './sealed-secret.ts';

const USERS_AT_ONCE = 200;

interface Resealed {
  resealed: number;
  /** Whose secret no key opens. */
  unopened: readonly string[];
}

/**
 * Seals every secret anew that was not sealed with the key in force, so that the previous key is needed no longer. It may run beside the
 * api, and again after it broke off.
 */
export async function resealSecrets(db: DatabasePool, sealer: SecretSealer): Promise<Resealed> {
  const unopened: string[] = [];
  let resealed = 0;
  let userIds = await listNext(db, sealer, null);
  while (userIds.length > 0) {
    for (const userId of userIds) {
      if (await reseal(db, sealer, userId)) resealed += 1;
      else unopened.push(userId);
    }
    userIds = await listNext(db, sealer, userIds.at(-1) ?? null);
  }
  return { resealed, unopened };
}

const listNext = async (db: DatabasePool, { keyId }: SecretSealer, after: string | null): Promise<readonly string[]> =>
  keyId === null ? [] : listSealedByOtherKeys(db, keyId, { after, limit: USERS_AT_ONCE });

async function reseal(db: DatabasePool, sealer: SecretSealer, userId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const sealed = await lockMfaSecret(tx, userId);
    if (sealed === null) return true;
    const secret = tryToOpen(sealer, sealed, userId);
    if (secret !== null) await resealMfaSecret(tx, userId, sealer.seal(secret, userId));
    return secret !== null;
  });
}

function tryToOpen(sealer: SecretSealer, sealed: Buffer, userId: string): Buffer | null {
  try {
    return sealer.open(sealed, userId).secret;
  } catch {
    // Which is what the caller counts.
    return null;
  }
}
