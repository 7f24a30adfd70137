import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { openSuccessor, sealSuccessor } from '../../api/identity/sessions/sealed-successor.ts';

const token = () =>
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url'));

describe('a sealed refresh token', () => {
  test('is opened by the token that it follows, and looks different each time', () => {
    fc.assert(
      fc.property(token(), token(), fc.uuid(), (successor, presented, sessionId) => {
        const sealed = sealSuccessor(successor, presented, sessionId);
        expect(openSuccessor(sealed, presented, sessionId)).toBe(successor);
        expect(sealed.equals(sealSuccessor(successor, presented, sessionId))).toBe(false);
        expect(sealed.includes(successor)).toBe(false);
      }),
    );
  });

  test('is opened by no other token and for no other session', () => {
    fc.assert(
      fc.property(
        token(),
        token(),
        token(),
        fc.uuid(),
        fc.uuid(),
        (successor, presented, other, sessionId, elsewhere) => {
          fc.pre(other !== presented && elsewhere !== sessionId);
          const sealed = sealSuccessor(successor, presented, sessionId);
          expect(() => openSuccessor(sealed, other, sessionId)).toThrow();
          expect(() => openSuccessor(sealed, presented, elsewhere)).toThrow();
        },
      ),
    );
  });

  test('is not opened once any bit of it was changed, or when it was cut', () => {
    fc.assert(
      fc.property(token(), token(), fc.uuid(), fc.nat(), (successor, presented, sessionId, place) => {
        const sealed = sealSuccessor(successor, presented, sessionId);
        const bit = place % (sealed.length * 8);
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => openSuccessor(changed, presented, sessionId)).toThrow();
        expect(() => openSuccessor(sealed.subarray(0, place % sealed.length), presented, sessionId)).toThrow();
      }),
    );
  });
});
