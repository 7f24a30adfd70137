import { createHash, webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { z } from 'zod';
import { Role } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { AppError } from '../../shared/errors.ts';
import type { IdentityMetrics } from '../../shared/observability/identity.metrics.ts';
import type { Actor } from '../http/define-route.ts';

const ALGORITHM = 'HS256';
const ISSUER = 'learnify';
const AUDIENCE = 'learnify-api';
const CACHE_SECONDS = 5;
const CACHE_ENTRIES = 10_000;

export interface AccessTokens {
  /** Lifetime of a token, in seconds. */
  readonly lifetimeSeconds: number;
  sign: (actor: Actor) => Promise<string>;
  /** @throws AppError TOKEN_EXPIRED or UNAUTHENTICATED. */
  verify: (token: string) => Promise<Actor>;
}

interface SigningKey {
  kid: string;
  key: webcrypto.CryptoKey;
}

/**
 * Signs and checks access tokens. Two secrets may be in force while a key is rotated: the first signs, both verify.
 * Checked tokens are remembered for a few seconds, never beyond their expiry: checking is the dearest part of a small read.
 */
export async function createAccessTokens(
  secrets: { current: string; previous: string | undefined },
  lifetimeSeconds: number,
  metrics: IdentityMetrics,
): Promise<AccessTokens> {
  const current = await importKey(secrets.current);
  const keys = new Map([[current.kid, current.key]]);
  if (secrets.previous !== undefined) {
    const previous = await importKey(secrets.previous);
    keys.set(previous.kid, previous.key);
  }
  const cache = new VerifiedTokens();

  return {
    lifetimeSeconds,
    sign: (actor) =>
      new SignJWT({
        roles: actor.roles,
        sid: actor.sessionId,
        auth_time: actor.authenticatedAt,
        // RFC 8176
        amr: actor.secondFactor ? ['pwd', 'otp', 'mfa'] : ['pwd'],
      })
        .setProtectedHeader({ alg: ALGORITHM, kid: current.kid, typ: 'JWT' })
        .setSubject(actor.id)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setJti(newId())
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds}s`)
        .sign(current.key),
    verify: async (token) => {
      const known = cache.get(token);
      if (known !== undefined) return known;
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyFor(keys, kid), {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'exp', 'iat', 'jti', 'sid', 'roles', 'auth_time', 'amr'],
        });
        const actor = toActor(payload);
        cache.set(token, actor, payload.exp ?? 0);
        metrics.tokenValidation('valid');
        return actor;
      } catch (error) {
        const expired = error instanceof errors.JWTExpired;
        metrics.tokenValidation(expired ? 'expired' : 'invalid');
        throw expired
          ? new AppError('TOKEN_EXPIRED', 'The access token has expired; refresh it.', { cause: error })
          : new AppError('UNAUTHENTICATED', 'The access token is not valid.', { cause: error });
      }
    },
  };
}

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

function toActor(payload: JWTPayload): Actor {
  return {
    id: String(payload.sub),
    roles: Role.array().parse(payload['roles']),
    sessionId: String(payload['sid']),
    authenticatedAt: z.int().parse(payload['auth_time']),
    secondFactor: z.array(z.string()).parse(payload['amr']).includes('mfa'),
  };
}

/** Remembers tokens by their SHA-256, so that no usable token lies about in memory longer than its request. */
class VerifiedTokens {
  readonly #entries = new Map<string, { actor: Actor; until: number }>();

  get(token: string): Actor | undefined {
    const entry = this.#entries.get(fingerprint(token));
    return entry !== undefined && entry.until > Date.now() ? entry.actor : undefined;
  }

  set(token: string, actor: Actor, expiresAtSeconds: number): void {
    if (this.#entries.size >= CACHE_ENTRIES) this.#entries.clear();
    const until = Math.min(Date.now() + CACHE_SECONDS * 1000, expiresAtSeconds * 1000);
    this.#entries.set(fingerprint(token), { actor, until });
  }
}

const fingerprint = (token: string): string => createHash('sha256').update(token).digest('base64');
