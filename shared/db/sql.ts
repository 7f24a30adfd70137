import { createSqlTag } from 'slonik';
import { z } from 'zod';

/** The SQL tag of all repositories. `sql.type(Row)` reads rows, `sql.typeAlias('void')` expects none. */
export const sql = createSqlTag({
  typeAliases: { void: z.strictObject({}), count: z.strictObject({ count: z.coerce.number() }) },
});
