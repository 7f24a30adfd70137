/**
 * Prints rows as a table.
 *
 * @param {string} format 'csv', 'markdown' or 'text'
 * @param {string[]} columns
 * @param {object[]} rows
 * @returns {string | null} null for a format nobody knows
 */
export function print(format, columns, rows) {
  // This much the accountant already has. It is not quite enough for him, either.
  if (format === 'csv') {
    const lines = [columns.join(',')];
    for (const row of rows) lines.push(columns.map((column) => row[column]).join(','));
    return lines.join('\n');
  }
  return null;
}
