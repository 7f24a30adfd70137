const oneLine = (value) => value.replaceAll('\n', ' ');

function quoteCsv(value) {
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function textLines(table) {
  const widths = table[0].map((_, column) => table.reduce((width, cells) => Math.max(width, cells[column].length), 0));
  return table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

const markdownLine = (cells) => `| ${cells.join(' | ')} |`;

// A variant is two decisions: how a value is made safe, and how a table of safe values becomes lines.
// Everything else (headings, absent values, the order of things) is the same for all, and stands below, once.
const FORMATS = new Map([
  ['csv', { cell: quoteCsv, lines: (table) => table.map((cells) => cells.join(',')) }],
  [
    'markdown',
    {
      cell: (value) => oneLine(value).replaceAll('|', '\\|'),
      lines: ([heading, ...rows]) => [heading, heading.map(() => '---'), ...rows].map(markdownLine),
    },
  ],
  ['text', { cell: oneLine, lines: textLines }],
]);

export function print(format, columns, rows) {
  const variant = FORMATS.get(format);
  if (!variant) return null;

  const values = rows.map((row) => columns.map((column) => String(row[column] ?? '')));
  const table = [columns, ...values].map((cells) => cells.map(variant.cell));
  return variant.lines(table).join('\n');
}
