import { a, plural } from '../grammar.ts';
import { quoted, sqlText, type CallCase, type MakeTemplate } from './template.ts';

/** A contract: naming everything that is wrong with something that comes from outside. */
export const standardTemplate: MakeTemplate = ({ ENTITY, STATE, INTERFACE }) => {
  const good = { name: 'North gate', amount: 3, state: STATE };
  const notOne = `not ${a(ENTITY)}`;
  const one = (
    name: string,
    visibility: CallCase['visibility'],
    item: CallCase['args'][number],
    expected: string[],
  ): CallCase => ({ name, visibility, args: [item], expected });
  return {
    title: `The ${INTERFACE}`,
    difficulty: 'easy',
    points: 50,
    task: `Write \`check(item)\`. It returns the list of everything that is wrong with what somebody handed in as ${a(ENTITY)}, in the order of this table, and an empty list if it is as the ${INTERFACE} promises.

| what | wrong if | said as |
|---|---|---|
| the whole | it is no object with fields (in Python: no \`dict\`). Then nothing else is said. | \`${notOne}\` |
| \`name\` | it is absent, no text, or nothing but white space | \`name is missing\` |
| \`amount\` | it is absent or no whole number; \`true\` is no number | \`amount is not a whole number\` |
| \`amount\` | it is a whole number below zero | \`amount is below zero\` |
| \`state\` | it is none of \`new\`, \`${STATE}\`, \`done\` | \`state is unknown\` |

Other fields are nobody's business. What is handed in is never changed.`,
    hints: [
      'Begin with an empty list, let every rule add to it, and return it in the end.',
      'Only the first rule ends the examination. All others have a say each time.',
      'Which values look like whole numbers in your language, and are none?',
    ],
    function: 'check',
    cases: [
      one('all is well', 'always', good, []),
      one('a name that is missing', 'always', { amount: 3, state: 'new' }, ['name is missing']),
      one('two mistakes at once, in order', 'always', { name: 'North gate', amount: -1, state: 'lost' }, [
        'amount is below zero',
        'state is unknown',
      ]),
      one('a text is none', 'always', 'North gate', [notOne]),
      one('an amount of zero is fine', 'after_pass', { ...good, amount: 0 }, []),
      one('half of something', 'after_pass', { ...good, amount: 1.5 }, ['amount is not a whole number']),
      one('other fields do not matter', 'never', { ...good, colour: 'blue' }, []),
      one('nothing at all', 'never', null, [notOne]),
      one('a list', 'never', [good], [notOne]),
      one('nothing in it', 'never', {}, ['name is missing', 'amount is not a whole number', 'state is unknown']),
      one('an amount as text', 'never', { ...good, amount: '3' }, ['amount is not a whole number']),
      one('true is no number', 'never', { ...good, amount: true }, ['amount is not a whole number']),
      one('a name of white space', 'never', { ...good, name: ' \t' }, ['name is missing']),
      one('a state that is a list', 'never', { ...good, state: ['new'] }, ['state is unknown']),
    ],
    javascript: {
      starter: `/**\n * Lists everything that is wrong with ${a(ENTITY)}.\n */\nexport function check(item) {\n  const problems = [];\n  return problems;\n}\n`,
      solution: `const STATES = ['new', ${quoted(STATE)}, 'done'];

export function check(item) {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return [${quoted(notOne)}];
  const { name, amount, state } = item;
  const problems = [];
  if (typeof name !== 'string' || name.trim() === '') problems.push('name is missing');
  if (!Number.isInteger(amount)) problems.push('amount is not a whole number');
  else if (amount < 0) problems.push('amount is below zero');
  if (!STATES.includes(state)) problems.push('state is unknown');
  return problems;
}
`,
    },
    typescript: {
      starter: `/** Lists everything that is wrong with ${a(ENTITY)}. */\nexport function check(item: unknown): string[] {\n  const problems: string[] = [];\n  return problems;\n}\n`,
      solution: `type Item = { name?: unknown; amount?: unknown; state?: unknown };

const STATES: unknown[] = ['new', ${quoted(STATE)}, 'done'];

export function check(item: unknown): string[] {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return [${quoted(notOne)}];
  const { name, amount, state }: Item = item;
  const problems: string[] = [];
  if (typeof name !== 'string' || name.trim() === '') problems.push('name is missing');
  if (typeof amount !== 'number' || !Number.isInteger(amount)) problems.push('amount is not a whole number');
  else if (amount < 0) problems.push('amount is below zero');
  if (!STATES.includes(state)) problems.push('state is unknown');
  return problems;
}
`,
    },
    python: {
      starter: `def check(item):\n    """Lists everything that is wrong with ${a(ENTITY)}."""\n    problems = []\n    return problems\n`,
      solution: `STATES = ["new", ${quoted(STATE)}, "done"]


def check(item):
    if not isinstance(item, dict):
        return [${quoted(notOne)}]
    problems = []
    name, amount = item.get("name"), item.get("amount")
    if not isinstance(name, str) or not name.strip():
        problems.append("name is missing")
    if not isinstance(amount, int) or isinstance(amount, bool):
        problems.append("amount is not a whole number")
    elif amount < 0:
        problems.append("amount is below zero")
    if item.get("state") not in STATES:
        problems.append("state is unknown")
    return problems
`,
    },
    sql: {
      task: `The table \`items(id, name, amount, state)\` holds all ${plural(ENTITY)} as they were handed in. Write a query that gives the **id** and the **first** thing that is wrong with each row that does not keep the ${INTERFACE}, sorted by id:

1. \`name is missing\`: the name is missing or has nothing but spaces in it,
2. \`amount is below zero\`: the amount is missing or below zero,
3. \`state is unknown\`: the state is missing, or none of \`new\`, \`${STATE}\`, \`done\`.

Rows without a mistake are not listed.`,
      hints: [
        'A `CASE` gives the first branch that holds, and `NULL` where none does.',
        '`NULL` is in no list and not out of it either: `COALESCE` gives it a value that can be compared.',
      ],
      starter: 'SELECT id, NULL AS problem FROM items;\n',
      solution: `SELECT id, problem
FROM (
  SELECT
    id,
    CASE
      WHEN TRIM(COALESCE(name, '')) = '' THEN 'name is missing'
      WHEN COALESCE(amount, -1) < 0 THEN 'amount is below zero'
      WHEN COALESCE(state, '') NOT IN ('new', ${sqlText(STATE)}, 'done') THEN 'state is unknown'
    END AS problem
  FROM items
) AS examined
WHERE problem IS NOT NULL
ORDER BY id;
`,
      ordered: true,
      cases: [
        {
          name: 'one mistake each',
          visibility: 'always',
          setup: `CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER, state TEXT);\nINSERT INTO items VALUES (1, 'North gate', 3, ${sqlText(STATE)}), (2, ' ', 3, 'new'), (3, 'East gate', -1, 'new'), (4, 'West gate', 0, 'lost');\n`,
          rows: [
            [2, 'name is missing'],
            [3, 'amount is below zero'],
            [4, 'state is unknown'],
          ],
        },
        {
          name: 'what is missing, and more than one mistake',
          visibility: 'after_pass',
          setup:
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER, state TEXT);\nINSERT INTO items VALUES (1, NULL, -5, 'lost'), (2, 'a', NULL, 'new'), (3, 'b', 1, NULL), (4, 'c', 1, 'done');\n",
          rows: [
            [1, 'name is missing'],
            [2, 'amount is below zero'],
            [3, 'state is unknown'],
          ],
        },
        {
          name: 'an empty table',
          visibility: 'never',
          setup: 'CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER, state TEXT);\n',
          rows: [],
        },
      ],
    },
  };
};
