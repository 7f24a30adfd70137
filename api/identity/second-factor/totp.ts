import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** What every authenticator app knows: RFC 6238 with SHA-1, six digits, half a minute. */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Steps by which a clock may be off, either way. */
const TOLERATED_STEPS = 1;
/** As long as what SHA-1 gives, as RFC 4226 recommends. */
const SECRET_BYTES = 20;

/** Whether a text has the form of such a code; the library compares bytes and breaks off at any other. */
export const isTotpCode = (text: string): boolean => /^\d{6}$/.test(text);

export function newTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** The secret as people type it into an app, and the URI that a QR code holds. */
export function describeTotp(secret: Buffer, email: string): { secret: string; otpauthUri: string } {
  const totp = new TOTP({ ...PARAMETERS, issuer: 'Learnify', label: email, secret: toSecret(secret) });
  return { secret: totp.secret.base32, otpauthUri: totp.toString() };
}

/** The number of the half minute (since 1970) whose code this is, near the time `atMs`; null when it is the code of none. */
export function matchTotp(secret: Buffer, code: string, atMs: number): number | null {
  if (!isTotpCode(code)) return null;
  const offset = TOTP.validate({
    ...PARAMETERS,
    token: code,
    secret: toSecret(secret),
    window: TOLERATED_STEPS,
    timestamp: atMs,
  });
  return offset === null ? null : TOTP.counter({ period: PARAMETERS.period, timestamp: atMs }) + offset;
}

const toSecret = (secret: Buffer): Secret => new Secret({ buffer: Uint8Array.from(secret).buffer });
