import { SchemaValidationError, type Interceptor, type QueryResultRow } from 'slonik';

/**
 * Parses every row with the schema of its query; slonik itself only carries the schema along.
 *
 * @throws SchemaValidationError when a row is not what its query promises.
 */
export function parseRows(): Interceptor {
  return {
    name: 'parse-rows',
    transformRow: (context, query, row) => {
      if (context.resultParser === undefined) return row;
      const parsed = context.resultParser['~standard'].validate(row);
      if (parsed instanceof Promise) throw new TypeError('Row schemas must be synchronous.');
      if (parsed.issues !== undefined) throw new SchemaValidationError(query, row, parsed.issues);
      return parsed.value as QueryResultRow;
    },
  };
}
