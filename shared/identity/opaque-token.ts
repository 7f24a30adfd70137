import { createHash, randomBytes } from 'node:crypto';

/** A token that means nothing by itself: 256 random bits, in characters that any URL takes. */
export function newOpaqueToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of an opaque token: a stolen table lets nobody in. With so many random bits no slow hash is needed. */
export function hashOpaqueToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
