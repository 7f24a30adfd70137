import { hkdfSync } from 'node:crypto';
import { AppError } from '../../../shared/errors.ts';
import { decrypt, encrypt } from '../aes-gcm.ts';

/** A sealed secret begins with which key sealed it. */
const KEY_ID_BYTES = 8;

/** Keeps secrets that have to be read again, so that the database alone tells none of them. */
export interface SecretSealer {
  /** The beginning of everything that `seal` makes; null without a key. */
  readonly keyId: Buffer | null;
  /** @throws AppError SERVICE_UNAVAILABLE without a key. */
  seal: (secret: Buffer, userId: string) => Buffer;
  /**
   * @returns the secret, and whether it should be sealed anew because another key is in force by now.
   * @throws AppError SERVICE_UNAVAILABLE when no key opens it for this user.
   */
  open: (sealed: Buffer, userId: string) => { secret: Buffer; isStale: boolean };
}

interface SealingSettings {
  SERVER_ENV: 'development' | 'test' | 'production';
  JWT_SECRET: string;
  JWT_PREVIOUS_SECRET?: string | undefined;
  MFA_ENCRYPTION_KEY?: string | undefined;
  MFA_PREVIOUS_ENCRYPTION_KEY?: string | undefined;
}

/**
 * The keys that open, the one that seals first. Outside production the key of the access tokens will do: it changes with every
 * installation that nobody configured. In production the two must not depend on one another.
 */
export function sealingKeys(settings: SealingSettings): readonly string[] {
  const own = [settings.MFA_ENCRYPTION_KEY, settings.MFA_PREVIOUS_ENCRYPTION_KEY];
  const borrowed = settings.SERVER_ENV === 'production' ? [] : [settings.JWT_SECRET, settings.JWT_PREVIOUS_SECRET];
  return [...own, ...borrowed].filter((key) => key !== undefined);
}

/** Seals with AES-256-GCM under the first key and opens with all of them; a secret opens only for the user that it was sealed for. */
export function createSecretSealer(keys: readonly string[]): SecretSealer {
  const derived = keys.map((key) => ({ id: derive(key, 'key id', KEY_ID_BYTES), key: derive(key, 'secret', 32) }));
  const [current] = derived;
  return {
    keyId: current?.id ?? null,
    seal: (secret, userId) => {
      if (current === undefined) throw noKey();
      return Buffer.concat([current.id, encrypt(current.key, secret, userId)]);
    },
    open: (sealed, userId) => {
      const id = sealed.subarray(0, KEY_ID_BYTES);
      const known = derived.find((each) => each.id.equals(id));
      if (known === undefined) throw noKey();
      return { secret: openOrRefuse(sealed.subarray(KEY_ID_BYTES), known.key, userId), isStale: known !== current };
    },
  };
}

function openOrRefuse(encrypted: Buffer, key: Buffer, userId: string): Buffer {
  try {
    return decrypt(encrypted, key, userId);
  } catch (error) {
    throw new AppError('SERVICE_UNAVAILABLE', 'The second factor of this account cannot be checked.', { cause: error });
  }
}

function derive(key: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `learnify second factor: ${purpose}`, bytes));
}

const noKey = (): AppError =>
  new AppError(
    'SERVICE_UNAVAILABLE',
    'Second factors are not available: this server lacks the key for their secrets (MFA_ENCRYPTION_KEY).',
  );
