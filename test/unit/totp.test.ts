import { describe, expect, test } from '@jest/globals';
import { readCode } from '../../api/identity/second-factor/mfa.policy.ts';
import { hashRecoveryCode, newRecoveryCodes } from '../../api/identity/second-factor/recovery-codes.ts';
import { createSecretSealer, sealingKeys } from '../../api/identity/second-factor/sealed-secret.ts';
import { describeTotp, matchTotp, newTotpSecret } from '../../api/identity/second-factor/totp.ts';

const KEY = 'Zq3vN8sQ2xW7zB5mT9pL4rY6uC1dF0aJ';
const ADA = '018f0000-0000-7000-8000-000000000001';

describe('codes of an authenticator app', () => {
  const secret = Buffer.from('12345678901234567890');

  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('are those of RFC 6238 at second %i', (second, code) => {
    expect(matchTotp(secret, code, second * 1000)).toBe(Math.floor(second / 30));
  });

  test('are taken one half minute early or late, and no more', () => {
    const step = Math.floor(1_111_111_111 / 30);
    const middleOf = (each: number): number => each * 30_000 + 15_000;
    expect([-2, -1, 0, 1, 2].map((off) => matchTotp(secret, '050471', middleOf(step + off)))).toEqual([
      null,
      step,
      step,
      step,
      null,
    ]);
  });

  test('fit no other secret, and nothing else fits', () => {
    expect(matchTotp(newTotpSecret(), '050471', 1_111_111_111_000)).toBeNull();
    for (const other of ['', '05047', '0504711', 'abcdef', '٠٥٠٤٧١']) {
      expect(matchTotp(secret, other, 1_111_111_111_000)).toBeNull();
    }
  });

  test('come from a secret of 160 random bits, told as base32 and as the URI of a QR code', () => {
    const { secret: base32, otpauthUri } = describeTotp(secret, 'ada&secret=x@example.org');
    expect(base32).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
    const uri = new URL(otpauthUri);
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Learnify:ada&secret=x@example.org',
    ]);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Learnify',
      secret: base32,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    expect(newTotpSecret()).toHaveLength(20);
  });
});

describe('recovery codes', () => {
  test('are ten different ones of sixteen characters that nobody mistakes', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  });

  test('are the same however they are typed', () => {
    const secret = newTotpSecret();
    const hash = hashRecoveryCode(secret, '01AB-CDEF-GH23-4567').toString('hex');
    for (const typed of ['01abcdefgh234567', 'OIAB CDEF GH23 4567', ' o-l-ab cdefgh234567 ']) {
      expect(hashRecoveryCode(secret, typed).toString('hex')).toBe(hash);
    }
    expect(hashRecoveryCode(secret, '01AB-CDEF-GH23-4568').toString('hex')).not.toBe(hash);
    expect(hashRecoveryCode(newTotpSecret(), '01AB-CDEF-GH23-4567').toString('hex')).not.toBe(hash);
  });

  test('are told from codes of an app by their form, and both from anything else', () => {
    expect(readCode('123 456')).toEqual({ kind: 'totp', code: '123456' });
    expect(readCode('01ab-cdef-gh23-4567')).toEqual({ kind: 'recovery_code', code: '01ABCDEFGH234567' });
    for (const other of ['', '12345', '1234567', '01AB-CDEF-GH23', 'ABCDEF']) expect(readCode(other)).toBeNull();
  });
});

describe('a sealed secret', () => {
  test('opens only as a whole', () => {
    const sealer = createSecretSealer([KEY]);
    const sealed = sealer.seal(newTotpSecret(), ADA);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => sealer.open(sealed.subarray(0, length), ADA)).toThrow(
        expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }),
      );
    }
  });

  test('needs a key of its own in production, and elsewhere makes do with that of the access tokens', () => {
    const tokens = { JWT_SECRET: 'jwt', JWT_PREVIOUS_SECRET: 'older jwt' };
    expect(sealingKeys({ SERVER_ENV: 'production', ...tokens })).toEqual([]);
    expect(sealingKeys({ SERVER_ENV: 'development', ...tokens })).toEqual(['jwt', 'older jwt']);
    const own = { MFA_ENCRYPTION_KEY: 'mfa', MFA_PREVIOUS_ENCRYPTION_KEY: 'older mfa' };
    expect(sealingKeys({ SERVER_ENV: 'production', ...tokens, ...own })).toEqual(['mfa', 'older mfa']);
    expect(sealingKeys({ SERVER_ENV: 'test', ...tokens, ...own })).toEqual(['mfa', 'older mfa', 'jwt', 'older jwt']);
    expect(() => createSecretSealer([]).seal(newTotpSecret(), ADA)).toThrow(
      expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }),
    );
  });
});
