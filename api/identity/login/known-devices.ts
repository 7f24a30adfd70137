import type { Database } from '../../../shared/db/pool.ts';
import { insertDevice, touchDevice } from '../../../shared/identity/known-device.repository.ts';
import { hashOpaqueToken, newOpaqueToken } from '../../../shared/identity/opaque-token.ts';

const DEVICES_PER_ACCOUNT = 20;

/**
 * Remembers the device on which a user has just proved all that is asked of them. Returns the token by which it is known at the next login:
 * the one it presented, where that is theirs, or a new one.
 */
export async function rememberDevice(tx: Database, userId: string, presented?: string): Promise<string> {
  if (presented !== undefined && (await touchDevice(tx, userId, hashOpaqueToken(presented)))) return presented;
  const token = newOpaqueToken();
  await insertDevice(tx, userId, hashOpaqueToken(token), DEVICES_PER_ACCOUNT);
  return token;
}
