import { z } from 'zod';

/** A moment as ISO 8601 in UTC. */
export const Timestamp = z.iso.datetime();

/** A moment that somebody may name: PostgreSQL and Python know no year 0, and PostgreSQL reads no fraction of any length. */
export const NamedMoment = z.iso
  .datetime()
  .max(40)
  .regex(/^(?!0000)/, 'must be in the year 1 or later');

/** Keyset paging: `limit` items after the place that `cursor` (from the page before) names. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.guid('must be the nextCursor of the page before').optional(),
});
export type PageQuery = z.output<typeof PageQuery>;

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** Cuts a page out of `limit + 1` rows: the extra row only tells that there is a next page. */
export function toPage<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(toItem), nextCursor: rows.length > limit && last !== undefined ? last.id : null };
}

/** Text that PostgreSQL and JSON can carry unharmed: no NUL, no half of a surrogate pair. */
export const CleanText = z
  .string()
  .refine((value) => !value.includes('\0'), 'must not contain NUL characters')
  .refine((value) => value.isWellFormed(), 'must not contain lone surrogates');

/** RFC 9457 problem details, with a stable `code`. */
export const Problem = z.object({
  type: z.url(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
