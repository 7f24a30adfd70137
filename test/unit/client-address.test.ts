import { expect, test } from '@jest/globals';
import { networkOf } from '../../api/http/client-address.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:1:2ff::1', '2001:db8:1:200::/56'],
  ['2001:0DB8:0001:0200:ffff:ffff:ffff:ffff', '2001:db8:1:200::/56'],
  ['2001:db8:1:300::1', '2001:db8:1:300::/56'],
  ['::1', '::/56'],
  ['2001:db8::1:2:3:4', '2001:db8::/56'],
  [null, 'unknown'],
])('who comes from %p is counted with all of %p', (ip, expected) => {
  expect(networkOf(ip)).toBe(expected);
});
