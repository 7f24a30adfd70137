import { hkdfSync } from 'node:crypto';
import { decrypt, encrypt } from '../aes-gcm.ts';

/**
 * Seals a refresh token with the one that it follows: only whoever presents that one again can open it. The key is derived from 256 random
 * bits that are stored nowhere, so the table alone opens nothing. `sessionId` is bound to it.
 */
export function sealSuccessor(successor: string, presented: string, sessionId: string): Buffer {
  return encrypt(keyFrom(presented), Buffer.from(successor), sessionId);
}

/** @throws when it was sealed with another token, for another session, or was changed. */
export function openSuccessor(sealed: Buffer, presented: string, sessionId: string): string {
  return decrypt(sealed, keyFrom(presented), sessionId).toString('utf8');
}

function keyFrom(token: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, '', 'learnify refresh token successor', 32));
}
