import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createSecretSealer } from '../../api/identity/second-factor/sealed-secret.ts';

const OLD = randomBytes(36).toString('base64url');
const NEW = randomBytes(36).toString('base64url');
const secret = randomBytes(20);
const owner = randomUUID();

test('a sealed secret opens for the user that it was sealed for and for no other', () => {
  const sealer = createSecretSealer([NEW]);
  const sealed = sealer.seal(secret, owner);
  expect(sealer.open(sealed, owner)).toEqual({ secret, isStale: false });
  expect(() => sealer.open(sealed, randomUUID())).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
});

test('a sealed secret of which a single bit was changed does not open', () => {
  const sealer = createSecretSealer([NEW]);
  const sealed = sealer.seal(secret, owner);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    expect(() => sealer.open(changed, owner)).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
  }
});

test('a sealed secret holds nothing of the secret, and looks different each time', () => {
  const sealer = createSecretSealer([NEW]);
  const sealed = [sealer.seal(secret, owner), sealer.seal(secret, owner)];
  expect(sealed[0]?.equals(sealed[1] ?? Buffer.of())).toBe(false);
  for (const each of sealed) expect(each.includes(secret.subarray(0, 8))).toBe(false);
});

test('while a key is changed, processes of adjacent rollouts open what either of them seals', () => {
  const rollouts = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]].map(createSecretSealer);
  for (const [index, sealer] of rollouts.slice(0, 2).entries()) {
    const next = rollouts[index + 1];
    expect(next?.open(sealer.seal(secret, owner), owner).secret).toEqual(secret);
    if (next !== undefined) expect(sealer.open(next.seal(secret, owner), owner).secret).toEqual(secret);
  }
  expect(rollouts[2]?.open(rollouts[1]?.seal(secret, owner) ?? Buffer.of(), owner).isStale).toBe(true);
  expect(() => rollouts[3]?.open(rollouts[1]?.seal(secret, owner) ?? Buffer.of(), owner)).toThrow();
});
