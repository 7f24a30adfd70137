import { createHash } from 'node:crypto';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** What is recorded in one record of the audit log, in the order in which its hash covers it. */
interface ChainedFields {
  /** ISO 8601 in UTC, with milliseconds. */
  occurredAt: string;
  action: string;
  actorId: string | null;
  target: string | null;
  ip: string | null;
  requestId: string | null;
  /** JSON as it is stored: parsing and writing it again need not give the same text. */
  details: string;
}

/** What the first record follows. */
export const GENESIS_HASH = Buffer.alloc(32).toString('hex');

/** What a record's hash covers beside the hash of the record before it. */
export function chainedBody({ occurredAt, action, actorId, target, ip, requestId, details }: ChainedFields): Buffer {
  const fields = [occurredAt, action, actorId, target, ip, requestId].map((field) => JSON.stringify(field));
  return Buffer.from(`[${[...fields, details].join(',')}]`);
}

/** A record's hash, in hex: SHA-256 over the hash before it and its body. PostgreSQL computes the same as it appends. */
export function chainHash(previousHash: string, body: Buffer): string {
  return createHash('sha256').update(previousHash, 'hex').update(body).digest('hex');
}

/** PostgreSQL spells addresses of this deprecated block in a way of its own; nobody can have one. */
const IPV4_COMPATIBLE = /^::(?!1$)(?:[0-9a-f]{1,4}|[\d.]+)$/;

/**
 * The one spelling of an address, which is also PostgreSQL's: the hash covers it, and has to be found again from what is stored. IPv4 that
 * came through an IPv6 socket is IPv4. Null for what is no address; a proxy may send anything.
 */
export function canonicalIp(text: string): string | null {
  const [address = ''] = text.split('%', 1);
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return null;
  const spelled = new SocketAddress({ address, family: 'ipv6' }).address;
  const mapped = spelled.replace(/^::ffff:(?=[\d.]+$)/, '');
  if (isIPv4(mapped)) return mapped;
  return IPV4_COMPATIBLE.test(spelled) ? null : spelled;
}
