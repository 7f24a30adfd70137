import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';

/**
 * Makes `request.ip` an IP address in its plain form, whatever a proxy wrote into X-Forwarded-For: rate limits, lockout and the audit log
 * go by it. What is no address counts for the peer of the connection.
 */
export const settleClientAddress: RequestHandler = (request, _response, next) => {
  const address = plainAddress(request.ip ?? '') ?? plainAddress(request.socket.remoteAddress ?? '');
  Object.defineProperty(request, 'ip', { value: address ?? undefined });
  next();
};

const IPV6_PREFIX_BITS = 56;

/**
 * Who counts as one client by address: an IPv4 address, or the /56 of an IPv6 address, since that much is given to one household. To be asked
 * with `request.ip`.
 */
export const networkOf = (ip: string | null): string =>
  ip === null ? 'unknown' : ipKeyGenerator(ip, IPV6_PREFIX_BITS);

/** The address without port, brackets and zone, an IPv4 address that is mapped into IPv6 as IPv4; null when it is none. */
function plainAddress(text: string): string | null {
  const bare = isIP(text) === 0 ? withoutPort(text) : text;
  const address = bare.replace(/%.*$/s, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? null : address;
}

/** Some proxies write `203.0.113.9:4711` and `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  const match = /^(?:\[([^\]]{2,45})\]|([\d.]{7,15}))(?::\d{1,5})?$/.exec(text);
  return match?.[1] ?? match?.[2] ?? text;
}
