import { a, plural } from '../grammar.ts';
import { quoted, sqlText, type MakeTemplate } from './template.ts';

/** The smallest thing: making one from what somebody typed. */
export const atomTemplate: MakeTemplate = ({ ENTITY, STATE }) => ({
  title: `One ${ENTITY}`,
  difficulty: 'easy',
  points: 50,
  task: `Write \`create(name)\`. It makes ${a(ENTITY)} from the name that somebody typed, or answers with nothing (\`null\`, in Python \`None\`) if that is no name.

- White space before and after a name is removed, and every run of white space inside becomes one space.
- What is not text at all, or has nothing left of it, is no name.

The answer has exactly these fields:

| field | meaning |
|---|---|
| \`name\` | the name, tidied up |
| \`state\` | \`'${STATE}'\` |
| \`notes\` | an empty list, a new one every time |

For example \`create('  North   gate ')\` has the name \`'North gate'\`.`,
  hints: [
    'Look at what is not a name first, and leave the function there. What comes after can then be sure of its text.',
    'Cutting a text at its white space and joining the pieces again does both kinds of tidying at once.',
    'A list that stands outside of the function is the same list for everybody. Where must a new one be made?',
  ],
  function: 'create',
  cases: [
    {
      name: 'a plain name',
      visibility: 'always',
      args: ['North gate'],
      expected: { name: 'North gate', state: STATE, notes: [] },
    },
    {
      name: 'white space is tidied up',
      visibility: 'always',
      args: ['  North   gate '],
      expected: { name: 'North gate', state: STATE, notes: [] },
    },
    { name: 'nothing but white space is no name', visibility: 'always', args: ['   '], expected: null },
    { name: 'a number is no name', visibility: 'always', args: [42], expected: null },
    {
      name: 'tabs and line breaks are white space',
      visibility: 'after_pass',
      args: ['\tNorth\n\ngate'],
      expected: { name: 'North gate', state: STATE, notes: [] },
    },
    { name: 'an empty text', visibility: 'never', args: [''], expected: null },
    { name: 'nothing at all', visibility: 'never', args: [null], expected: null },
    { name: 'a list of names', visibility: 'never', args: [['North gate']], expected: null },
    {
      name: 'a name of one letter',
      visibility: 'never',
      args: ['x'],
      expected: { name: 'x', state: STATE, notes: [] },
    },
  ],
  javascript: {
    starter: `/**\n * Makes ${a(ENTITY)} from a name, or null.\n */\nexport function create(name) {\n  return { name, state: '', notes: [] };\n}\n`,
    solution: `export function create(name) {\n  if (typeof name !== 'string') return null;\n  const tidy = name.split(/\\s+/).filter(Boolean).join(' ');\n  if (tidy === '') return null;\n  return { name: tidy, state: ${quoted(STATE)}, notes: [] };\n}\n`,
  },
  typescript: {
    starter: `export type Item = { name: string; state: string; notes: string[] };\n\n/** Makes ${a(ENTITY)} from a name, or null. */\nexport function create(name: unknown): Item | null {\n  return null;\n}\n`,
    solution: `export type Item = { name: string; state: string; notes: string[] };\n\nexport function create(name: unknown): Item | null {\n  if (typeof name !== 'string') return null;\n  const tidy = name.split(/\\s+/).filter(Boolean).join(' ');\n  if (tidy === '') return null;\n  return { name: tidy, state: ${quoted(STATE)}, notes: [] };\n}\n`,
  },
  python: {
    starter: `def create(name):\n    """Makes ${a(ENTITY)} from a name, or None."""\n    return {"name": name, "state": "", "notes": []}\n`,
    solution: `def create(name):\n    if not isinstance(name, str):\n        return None\n    tidy = " ".join(name.split())\n    if not tidy:\n        return None\n    return {"name": tidy, "state": ${quoted(STATE)}, "notes": []}\n`,
  },
  sql: {
    task: `The table \`items(id, name, state)\` holds all ${plural(ENTITY)}. Names were typed in by hand: some have spaces before or after them, some are empty or missing.

Write a query that gives the **id** and the **name without spaces around it** of everything whose state is \`'${STATE}'\` and whose name is a name, which means that something is left of it. Sort by id.`,
    hints: [
      '`TRIM` takes away spaces on both sides.',
      'A comparison with `NULL` is neither true nor false. What does that mean for a row without a name?',
    ],
    starter: 'SELECT id, name FROM items;\n',
    solution: `SELECT id, TRIM(name) AS name\nFROM items\nWHERE state = ${sqlText(STATE)} AND TRIM(name) <> ''\nORDER BY id;\n`,
    ordered: true,
    cases: [
      {
        name: 'some of each',
        visibility: 'always',
        setup: `CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, state TEXT);\nINSERT INTO items VALUES (2, ' South gate', ${sqlText(STATE)}), (1, 'North gate', ${sqlText(STATE)}), (3, 'East gate', 'new'), (4, '  ', ${sqlText(STATE)});\n`,
        rows: [
          [1, 'North gate'],
          [2, 'South gate'],
        ],
      },
      {
        name: 'a name that is missing, a state that is missing',
        visibility: 'after_pass',
        setup: `CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, state TEXT);\nINSERT INTO items VALUES (1, NULL, ${sqlText(STATE)}), (2, 'West gate', NULL), (3, 'West gate ', ${sqlText(STATE)});\n`,
        rows: [[3, 'West gate']],
      },
      {
        name: 'an empty table',
        visibility: 'never',
        setup: 'CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, state TEXT);\n',
        rows: [],
      },
    ],
  },
});
