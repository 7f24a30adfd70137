import { createHmac, hkdfSync, randomBytes } from 'node:crypto';

const CODES = 10;
/** Crockford's base32: nothing that is taken for something else when written down. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const RECOVERY_CODE_CHARACTERS = 16;

/** Ten codes of 80 random bits each: `9F3K-…-…-…`. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: CODES }, () => {
    const characters = Array.from(randomBytes(RECOVERY_CODE_CHARACTERS), (byte) => ALPHABET.charAt(byte % 32)).join('');
    return characters.match(/.{4}/g)?.join('-') ?? characters;
  });
}

/**
 * What is stored of a recovery code. The key comes from the secret of the account's authenticator app, which lies sealed: the table of codes
 * alone does not even let anybody try codes, and codes stay good when the key that seals is changed.
 */
export function hashRecoveryCode(totpSecret: Buffer, code: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', totpSecret, '', 'learnify recovery codes', 32));
  return createHmac('sha256', key).update(canonicalCode(code)).digest();
}

/** Without what people add or mistake when they type: case, spaces, dashes, O for 0, I and L for 1. */
export function canonicalCode(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}
