import { v7 } from 'uuid';
import { z } from 'zod';

/** A new UUIDv7: ids sort by the time they were made, which keeps indexes and keyset pages in order. */
export function newId(): string {
  return v7();
}

/** Any UUID as it comes from a client. */
export const Id = z.guid('must be a UUID');
