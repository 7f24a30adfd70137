import { capitalised, plural } from '../grammar.ts';
import { quoted, sqlText, type MakeTemplate } from './template.ts';

const SCHEMA = 'CREATE TABLE items (id INTEGER PRIMARY KEY, kind TEXT, amount INTEGER);\n';

/** What varies and what stays the same: many cases, counted by a few kinds. */
export const archetypeTemplate: MakeTemplate = ({ ENTITY, VARIANT }) => ({
  title: `Kinds of ${plural(ENTITY)}`,
  difficulty: 'medium',
  points: 100,
  task: `${capitalised(plural(ENTITY))} come in kinds; \`${VARIANT}\` is one of them, and nobody can say which others there will be. Write \`kinds(items)\`. Each item is an object (in Python a \`dict\`) with a \`kind\`, a text, and an \`amount\`, a whole number. The answer is a list with one object for each kind that occurs:

| field | meaning |
|---|---|
| \`kind\` | the kind |
| \`count\` | how many items there are of it |
| \`total\` | the sum of their amounts |

- A kind that is absent, empty or \`null\` (\`None\`) is called \`other\`, together with those that are called \`other\` already.
- An amount that is absent or \`null\` counts as 0.
- Sort by \`total\`, the largest first; where totals are equal, by \`kind\`, from \`a\` to \`z\`.`,
  hints: [
    'Go through the items once, and keep for each kind what is known of it so far.',
    'A list of kinds that you search for every item makes the work grow with the square of the input. What finds a kind at once?',
    'The comparison for sorting has two parts; the second one only matters where the first finds no difference.',
  ],
  function: 'kinds',
  cases: [
    {
      name: 'two kinds',
      visibility: 'always',
      args: [
        [
          { kind: 'plain', amount: 2 },
          { kind: VARIANT, amount: 5 },
          { kind: 'plain', amount: 1 },
        ],
      ],
      expected: [
        { kind: VARIANT, count: 1, total: 5 },
        { kind: 'plain', count: 2, total: 3 },
      ],
    },
    {
      name: 'no kind is a kind, too',
      visibility: 'always',
      args: [[{ amount: 2 }, { kind: null, amount: 3 }, { kind: '', amount: 4 }, { kind: 'other', amount: 1 }]],
      expected: [{ kind: 'other', count: 4, total: 10 }],
    },
    { name: 'no items', visibility: 'always', args: [[]], expected: [] },
    {
      name: 'equal totals go by kind',
      visibility: 'after_pass',
      args: [
        [
          { kind: 'c', amount: 1 },
          { kind: 'a', amount: 1 },
          { kind: 'b', amount: 1 },
        ],
      ],
      expected: [
        { kind: 'a', count: 1, total: 1 },
        { kind: 'b', count: 1, total: 1 },
        { kind: 'c', count: 1, total: 1 },
      ],
    },
    {
      name: 'amounts that are absent, zero or below',
      visibility: 'never',
      args: [[{ kind: 'a' }, { kind: 'b', amount: -2 }, { kind: 'a', amount: 0 }, { kind: 'c', amount: null }]],
      expected: [
        { kind: 'a', count: 2, total: 0 },
        { kind: 'c', count: 1, total: 0 },
        { kind: 'b', count: 1, total: -2 },
      ],
    },
    {
      name: 'kinds that the language knows',
      visibility: 'never',
      args: [
        [
          { kind: 'constructor', amount: 1 },
          { kind: 'toString', amount: 3 },
        ],
      ],
      expected: [
        { kind: 'toString', count: 1, total: 3 },
        { kind: 'constructor', count: 1, total: 1 },
      ],
    },
    {
      name: 'totals are numbers, not texts',
      visibility: 'never',
      args: [
        [
          { kind: 'a', amount: 9 },
          { kind: 'b', amount: 10 },
        ],
      ],
      expected: [
        { kind: 'b', count: 1, total: 10 },
        { kind: 'a', count: 1, total: 9 },
      ],
    },
  ],
  javascript: {
    starter: `/**\n * Counts items by their kind.\n *\n * @param {{ kind?: string, amount?: number }[]} items\n */\nexport function kinds(items) {\n  return [{ kind: ${quoted(VARIANT)}, count: items.length, total: 0 }];\n}\n`,
    solution: `export function kinds(items) {
  const found = new Map();
  for (const { kind, amount } of items) {
    const name = kind || 'other';
    const known = found.get(name) ?? { kind: name, count: 0, total: 0 };
    known.count += 1;
    known.total += amount ?? 0;
    found.set(name, known);
  }
  return [...found.values()].sort((a, b) => b.total - a.total || (a.kind < b.kind ? -1 : 1));
}
`,
  },
  typescript: {
    starter: `export type Item = { kind?: string | null; amount?: number | null };\nexport type Kind = { kind: string; count: number; total: number };\n\n/** Counts items by their kind. */\nexport function kinds(items: Item[]): Kind[] {\n  return [{ kind: ${quoted(VARIANT)}, count: items.length, total: 0 }];\n}\n`,
    solution: `export type Item = { kind?: string | null; amount?: number | null };
export type Kind = { kind: string; count: number; total: number };

export function kinds(items: Item[]): Kind[] {
  const found = new Map<string, Kind>();
  for (const { kind, amount } of items) {
    const name = kind || 'other';
    const known = found.get(name) ?? { kind: name, count: 0, total: 0 };
    known.count += 1;
    known.total += amount ?? 0;
    found.set(name, known);
  }
  return [...found.values()].sort((a, b) => b.total - a.total || (a.kind < b.kind ? -1 : 1));
}
`,
  },
  python: {
    starter: `def kinds(items):\n    """Counts items by their kind."""\n    return [{"kind": ${quoted(VARIANT)}, "count": len(items), "total": 0}]\n`,
    solution: `def kinds(items):
    found = {}
    for item in items:
        name = item.get("kind") or "other"
        known = found.setdefault(name, {"kind": name, "count": 0, "total": 0})
        known["count"] += 1
        known["total"] += item.get("amount") or 0
    return sorted(found.values(), key=lambda known: (-known["total"], known["kind"]))
`,
  },
  sql: {
    task: `The table \`items(id, kind, amount)\` holds ${plural(ENTITY)}; \`${VARIANT}\` is one kind of many. Write a query with one row for each kind that occurs: the **kind**, how **many** there are of it, and the **sum** of their amounts. A kind that is missing or empty is called \`other\`, together with those called so already; a missing amount counts as 0. The largest sum comes first; where sums are equal, sort by kind.`,
    hints: [
      '`NULLIF` and `COALESCE` together turn two ways of saying nothing into one name.',
      'A sum of nothing but missing values is missing, too.',
    ],
    starter: 'SELECT kind, COUNT(*) AS number, 0 AS total FROM items GROUP BY kind;\n',
    solution: `SELECT
  COALESCE(NULLIF(kind, ''), 'other') AS name,
  COUNT(*) AS number,
  SUM(COALESCE(amount, 0)) AS total
FROM items
GROUP BY COALESCE(NULLIF(kind, ''), 'other')
ORDER BY total DESC, name;
`,
    ordered: true,
    cases: [
      {
        name: 'two kinds',
        visibility: 'always',
        setup: `${SCHEMA}INSERT INTO items VALUES (1, 'plain', 2), (2, ${sqlText(VARIANT)}, 5), (3, 'plain', 1);\n`,
        rows: [
          [VARIANT, 1, 5],
          ['plain', 2, 3],
        ],
      },
      {
        name: 'no kind is a kind, too',
        visibility: 'after_pass',
        setup: `${SCHEMA}INSERT INTO items VALUES (1, NULL, 2), (2, '', 3), (3, 'other', 1), (4, 'a', 6), (5, 'z', 9);\n`,
        rows: [
          ['z', 1, 9],
          ['a', 1, 6],
          ['other', 3, 6],
        ],
      },
      {
        name: 'amounts that are missing',
        visibility: 'never',
        setup: `${SCHEMA}INSERT INTO items VALUES (1, 'a', NULL), (2, 'b', NULL), (3, 'b', 4);\n`,
        rows: [
          ['b', 2, 4],
          ['a', 1, 0],
        ],
      },
      { name: 'an empty table', visibility: 'never', setup: SCHEMA, rows: [] },
    ],
  },
});
