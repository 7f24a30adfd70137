import type { Database } from '../../../shared/db/pool.ts';
import { isKnownDevice } from '../../../shared/identity/known-device.repository.ts';
import { hashOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import { emailKey } from '../../../shared/identity/user.repository.ts';
import type { Attempt } from './login-guard.ts';

/** With so many failures of its own a device is not known any more. */
const FAILURES_OF_A_KNOWN_DEVICE = 10;

/** The hash of the device's token when the account was logged in on it before, else null. Whose it is depends on nothing but the token. */
export async function findKnownDevice(
  db: Database,
  email: string,
  deviceToken: string | undefined,
): Promise<Buffer | null> {
  if (deviceToken === undefined) return null;
  const tokenHash = hashOpaqueToken(deviceToken);
  return (await isKnownDevice(db, tokenHash, emailKey(email))) ? tokenHash : null;
}

/** Whether a device that failed in this attempt is a stranger from now on. */
export const isDeviceSpent = (attempt: Attempt): boolean =>
  attempt.some(({ failures }) => Math.ceil(failures) >= FAILURES_OF_A_KNOWN_DEVICE);
