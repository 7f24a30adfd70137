import type { Request } from 'express';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { AccessTokens } from '../identity/sessions/access-token.ts';
import type { Actor, Policy } from './define-route.ts';

/** The actor that calls with the operations token: a machine, not an account. */
const SERVICE_ACTOR: Actor = {
  id: '00000000-0000-0000-0000-000000000000',
  roles: ['operator'],
  sessionId: 'service',
  authenticatedAt: 0,
  secondFactor: true,
};

export interface Authenticator {
  /**
   * Tells who asks.
   *
   * @returns null only on public routes.
   * @throws AppError UNAUTHENTICATED or TOKEN_EXPIRED.
   */
  identify: (request: Request, policy: Policy) => Promise<Actor | null>;
  /**
   * Calls `tell` once when the access token of a request that was let in is not taken any more. The answer ends the watching.
   *
   * @throws AppError UNAUTHENTICATED or TOKEN_EXPIRED when it is not taken now.
   */
  watch: (request: Request, tell: (refusal: AppError) => void) => Promise<() => void>;
}

export function createAuthenticator(tokens: AccessTokens, opsToken: string | undefined): Authenticator {
  return {
    identify: async (request, policy) => {
      const token = bearerToken(request);
      if (token === null) {
        if (policy === 'public') return null;
        throw new AppError('UNAUTHENTICATED', 'Send an access token: Authorization: Bearer <token>.');
      }
      if (typeof policy === 'object' && policy.service && opsToken !== undefined && sameSecret(token, opsToken))
        return SERVICE_ACTOR;
      return tokens.verify(token);
    },
    watch: async (request, tell) => {
      const token = bearerToken(request);
      return token === null ? () => undefined : tokens.watch(token, tell);
    },
  };
}

/** @throws AppError UNAUTHENTICATED when there is an Authorization header of another kind. */
function bearerToken(request: Request): string | null {
  const header = request.get('authorization');
  if (header === undefined) return null;
  const match = /^Bearer ([\w\-.~+/=]{1,4096})$/i.exec(header);
  if (match?.[1] === undefined)
    throw new AppError('UNAUTHENTICATED', 'The Authorization header must be: Bearer <token>.');
  return match[1];
}

/** Compares in a time that tells nothing about where two secrets differ. */
function sameSecret(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(a), digest(b));
}
