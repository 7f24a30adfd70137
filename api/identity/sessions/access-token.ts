import { createHash, webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { z } from 'zod';
import { Role } from '../../../shared/contracts/auth.contract.ts';
import { newId } from '../../../shared/db/id.ts';
import { AppError } from '../../../shared/errors.ts';
import type { IdentityMetrics } from '../../../shared/observability/identity.metrics.ts';
import type { Actor } from '../../http/define-route.ts';
import type { RevocationList } from './revocation-list.ts';

const ALGORITHM = 'HS256';
const TYPE = 'JWT';
const ISSUER = 'learnify';
const AUDIENCE = 'learnify-api';
const CACHE_SECONDS = 5;
const CACHE_ENTRIES = 10_000;

export interface AccessTokens {
  /** Lifetime of a token, in seconds. */
  readonly lifetimeSeconds: number;
  /** `issuedAtMs` is the database's time where its rows decide what the token says: revocations are compared with it. */
  sign: (actor: Actor, issuedAtMs?: number) => Promise<string>;
  /** @throws AppError TOKEN_EXPIRED or UNAUTHENTICATED; the former whenever a refresh helps. */
  verify: (token: string) => Promise<Actor>;
  /**
   * Calls `tell` once when `verify` would refuse the token: it has expired or was revoked. The answer ends the watching.
   *
   * @throws as `verify`.
   */
  watch: (token: string, tell: (refusal: AppError) => void) => Promise<() => void>;
}

/** What tells whether a token was revoked. */
export type Revocations = Pick<RevocationList, 'judge' | 'onChange'>;

/** Of a genuine token. */
interface VerifiedToken {
  actor: Actor;
  issuedAtMs: number;
  /** When it ends, in milliseconds since 1970. */
  endsAtMs: number;
}

interface SigningKey {
  kid: string;
  key: webcrypto.CryptoKey;
}

/**
 * Signs and checks access tokens. Two secrets may be in force while a key is rotated: the first signs, both verify.
 * Checked tokens are remembered for a few seconds, never beyond their expiry: checking is the dearest part of a small read.
 * Whether they were revoked is asked each time.
 */
export async function createAccessTokens(
  secrets: { current: string; previous: string | undefined },
  lifetimeSeconds: number,
  metrics: IdentityMetrics,
  revocations: Revocations,
): Promise<AccessTokens> {
  const current = await importKey(secrets.current);
  const keys = new Map([[current.kid, current.key]]);
  if (secrets.previous !== undefined) {
    const previous = await importKey(secrets.previous);
    keys.set(previous.kid, previous.key);
  }
  const cache = new VerifiedTokens();
  const open = async (token: string): Promise<VerifiedToken> => {
    const known = cache.get(token);
    if (known !== undefined) return known;
    const verified = await verifyOrRefuse(token, keys, lifetimeSeconds, metrics);
    cache.set(token, verified);
    return verified;
  };

  return {
    lifetimeSeconds,
    sign: (actor, issuedAtMs = Date.now()) =>
      new SignJWT({
        roles: actor.roles,
        sid: actor.sessionId,
        auth_time: actor.authenticatedAt,
        // RFC 8176
        amr: actor.secondFactor ? ['pwd', 'otp', 'mfa'] : ['pwd'],
      })
        .setProtectedHeader({ alg: ALGORITHM, kid: current.kid, typ: TYPE })
        .setSubject(actor.id)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setJti(newId())
        // With fractions of a second: it is compared with moments of revocation.
        .setIssuedAt(issuedAtMs / 1000)
        .setExpirationTime(Math.floor(issuedAtMs / 1000) + lifetimeSeconds)
        .sign(current.key),
    verify: async (token) => {
      const verified = await open(token);
      const refusal = refusalOf(verified, revocations);
      if (refusal !== null) {
        metrics.tokenValidation('revoked');
        throw refusal;
      }
      return verified.actor;
    },
    watch: async (token, tell) => watchToken(await open(token), revocations, tell),
  };
}

async function verifyOrRefuse(
  token: string,
  keys: Map<string, webcrypto.CryptoKey>,
  lifetimeSeconds: number,
  metrics: IdentityMetrics,
): Promise<VerifiedToken> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => keyFor(keys, kid), {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'exp', 'iat', 'jti', 'sid', 'roles', 'auth_time', 'amr'],
    });
    const verified = toVerifiedToken(payload, lifetimeSeconds);
    if (verified.endsAtMs <= Date.now()) throw new errors.JWTExpired('older than tokens live by now', payload, 'iat');
    metrics.tokenValidation('valid');
    return verified;
  } catch (error) {
    const expired = error instanceof errors.JWTExpired;
    metrics.tokenValidation(expired ? 'expired' : 'invalid');
    throw expired
      ? tokenExpired(error)
      : new AppError('UNAUTHENTICATED', 'The access token is not valid.', { cause: error });
  }
}

/** Why a genuine token is not taken any more; null when it is. */
function refusalOf({ actor, issuedAtMs }: VerifiedToken, revocations: Revocations): AppError | null {
  const kind = revocations.judge({ userId: actor.id, sessionId: actor.sessionId, issuedAtMs });
  if (kind === null) return null;
  return kind === 'stale'
    ? new AppError('TOKEN_EXPIRED', 'The access token is out of date; refresh it.')
    : new AppError('UNAUTHENTICATED', 'This session has ended.');
}

function watchToken(verified: VerifiedToken, revocations: Revocations, tell: (refusal: AppError) => void): () => void {
  const end = (refusal: AppError): void => {
    stop();
    tell(refusal);
  };
  const lookAgain = (): void => {
    const refusal = refusalOf(verified, revocations);
    if (refusal !== null) end(refusal);
  };
  const expiry = setTimeout(() => {
    end(tokenExpired());
  }, verified.endsAtMs - Date.now());
  const unsubscribe = revocations.onChange(lookAgain);
  const stop = (): void => {
    clearTimeout(expiry);
    unsubscribe();
  };
  // What was revoked since the request came in.
  lookAgain();
  return stop;
}

const tokenExpired = (cause?: unknown): AppError =>
  new AppError('TOKEN_EXPIRED', 'The access token has expired; refresh it.', { cause });

/** The key is imported once: jose would derive it anew from raw bytes at each use, at twice the cost. */
async function importKey(secret: string): Promise<SigningKey> {
  const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  return { kid: createHash('sha256').update('kid').update(secret).digest('hex').slice(0, 16), key };
}

function keyFor(keys: Map<string, webcrypto.CryptoKey>, kid: string | undefined): webcrypto.CryptoKey {
  const key = kid === undefined ? undefined : keys.get(kid);
  if (key === undefined) throw new errors.JWSSignatureVerificationFailed();
  return key;
}

const Claims = z.object({
  sub: z.guid(),
  sid: z.guid(),
  jti: z.string(),
  roles: Role.array(),
  iat: z.number(),
  exp: z.number(),
  auth_time: z.int(),
  amr: z.array(z.string()),
});

/** A token never outlives the lifetime in force, also when it was made under a longer one: revocations are not known for longer. */
function toVerifiedToken(payload: JWTPayload, lifetimeSeconds: number): VerifiedToken {
  const { sub, sid, roles, iat, exp, auth_time, amr } = Claims.parse(payload);
  return {
    actor: { id: sub, roles, sessionId: sid, authenticatedAt: auth_time, secondFactor: amr.includes('mfa') },
    issuedAtMs: iat * 1000,
    endsAtMs: Math.min(exp, iat + lifetimeSeconds) * 1000,
  };
}

/** Remembers tokens by their SHA-256, so that no usable token lies about in memory longer than its request. */
class VerifiedTokens {
  readonly #entries = new Map<string, { verified: VerifiedToken; untilMs: number }>();

  get(token: string): VerifiedToken | undefined {
    const entry = this.#entries.get(fingerprint(token));
    return entry !== undefined && entry.untilMs > Date.now() ? entry.verified : undefined;
  }

  set(token: string, verified: VerifiedToken): void {
    if (this.#entries.size >= CACHE_ENTRIES) this.#entries.clear();
    const untilMs = Math.min(Date.now() + CACHE_SECONDS * 1000, verified.endsAtMs);
    this.#entries.set(fingerprint(token), { verified, untilMs });
  }
}

const fingerprint = (token: string): string => createHash('sha256').update(token).digest('base64');
