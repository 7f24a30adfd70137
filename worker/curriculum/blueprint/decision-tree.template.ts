import { a, plural } from '../grammar.ts';
import { quoted, sqlText, type MakeTemplate } from './template.ts';

/** Rules in order, each with a reason, and the boundaries between them. */
export const decisionTreeTemplate: MakeTemplate = ({ ENTITY, LOGIC, EDGE_CASE, STATE }) => {
  const answer = (decision: string, reason: string) => ({ decision, reason });
  return {
    title: `The ${LOGIC}`,
    difficulty: 'medium',
    points: 100,
    task: `Write \`decide(item)\`. It holds one ${ENTITY}, an object with the fields \`amount\`, \`urgent\` and \`state\`, any of which may be absent or \`null\` (in Python: a \`dict\`, and \`None\`), against the ${LOGIC}, and returns \`{ decision, reason }\`. Read from the top: the first rule that applies decides.

| # | if | decision | reason |
|---|---|---|---|
| 1 | there is no amount | \`wait\` | \`no amount\` |
| 2 | the amount is below 0 | \`stop\` | \`impossible amount\` |
| 3 | it is urgent (\`urgent\` is \`true\`, and only then) | \`go\` | \`urgent\` |
| 4 | the amount is 100 or more, and the state is not \`${STATE}\` | \`ask\` | \`large amount\` |
| 5 | the amount is 0 | \`skip\` | \`nothing to do\` |
| 6 | none of these | \`go\` | \`ordinary\` |

Think of ${EDGE_CASE}: which rule is for that, and is an amount of 0 the same as none?`,
    hints: [
      'One `if` for each rule, in the order of the table, each of which returns: then no rule needs to know those before it.',
      'In many languages 0 counts as false. Where would that lead to the wrong rule?',
      'Write down, for each boundary in the table, one value on it and one on either side.',
    ],
    function: 'decide',
    cases: [
      {
        name: 'an ordinary one',
        visibility: 'always',
        args: [{ amount: 12, state: 'new' }],
        expected: answer('go', 'ordinary'),
      },
      {
        name: 'no amount',
        visibility: 'always',
        args: [{ urgent: true, state: 'new' }],
        expected: answer('wait', 'no amount'),
      },
      {
        name: 'a large one',
        visibility: 'always',
        args: [{ amount: 250, urgent: false, state: 'new' }],
        expected: answer('ask', 'large amount'),
      },
      {
        name: 'a large one that is urgent',
        visibility: 'always',
        args: [{ amount: 250, urgent: true, state: 'new' }],
        expected: answer('go', 'urgent'),
      },
      {
        name: 'an amount of zero',
        visibility: 'after_pass',
        args: [{ amount: 0, urgent: false }],
        expected: answer('skip', 'nothing to do'),
      },
      {
        name: 'exactly one hundred',
        visibility: 'after_pass',
        args: [{ amount: 100, state: 'done' }],
        expected: answer('ask', 'large amount'),
      },
      {
        name: 'just below one hundred',
        visibility: 'never',
        args: [{ amount: 99 }],
        expected: answer('go', 'ordinary'),
      },
      {
        name: `large, but in the right state`,
        visibility: 'never',
        args: [{ amount: 100, state: STATE }],
        expected: answer('go', 'ordinary'),
      },
      {
        name: 'below zero, and urgent',
        visibility: 'never',
        args: [{ amount: -1, urgent: true }],
        expected: answer('stop', 'impossible amount'),
      },
      {
        name: 'nothing but null',
        visibility: 'never',
        args: [{ amount: null, urgent: null, state: null }],
        expected: answer('wait', 'no amount'),
      },
      {
        name: 'urgent in words is not urgent',
        visibility: 'never',
        args: [{ amount: 5, urgent: 'yes' }],
        expected: answer('go', 'ordinary'),
      },
      {
        name: 'zero and urgent',
        visibility: 'never',
        args: [{ amount: 0, urgent: true }],
        expected: answer('go', 'urgent'),
      },
      {
        name: 'large and without a state',
        visibility: 'never',
        args: [{ amount: 100 }],
        expected: answer('ask', 'large amount'),
      },
    ],
    javascript: {
      starter: `/**\n * Decides about ${a(ENTITY)}.\n *\n * @returns {{ decision: string, reason: string }}\n */\nexport function decide(item) {\n  return { decision: 'go', reason: 'ordinary' };\n}\n`,
      solution: `const LARGE = 100;
const because = (decision, reason) => ({ decision, reason });

export function decide({ amount, urgent, state }) {
  if (amount === undefined || amount === null) return because('wait', 'no amount');
  if (amount < 0) return because('stop', 'impossible amount');
  if (urgent === true) return because('go', 'urgent');
  if (amount >= LARGE && state !== ${quoted(STATE)}) return because('ask', 'large amount');
  if (amount === 0) return because('skip', 'nothing to do');
  return because('go', 'ordinary');
}
`,
    },
    typescript: {
      starter: `export type Item = { amount?: number | null; urgent?: unknown; state?: string | null };\nexport type Decision = { decision: string; reason: string };\n\n/** Decides about ${a(ENTITY)}. */\nexport function decide(item: Item): Decision {\n  return { decision: 'go', reason: 'ordinary' };\n}\n`,
      solution: `export type Item = { amount?: number | null; urgent?: unknown; state?: string | null };
export type Decision = { decision: string; reason: string };

const LARGE = 100;
const because = (decision: string, reason: string): Decision => ({ decision, reason });

export function decide({ amount, urgent, state }: Item): Decision {
  if (amount === undefined || amount === null) return because('wait', 'no amount');
  if (amount < 0) return because('stop', 'impossible amount');
  if (urgent === true) return because('go', 'urgent');
  if (amount >= LARGE && state !== ${quoted(STATE)}) return because('ask', 'large amount');
  if (amount === 0) return because('skip', 'nothing to do');
  return because('go', 'ordinary');
}
`,
    },
    python: {
      starter: `def decide(item):\n    """Decides about ${a(ENTITY)}, a dict."""\n    return {"decision": "go", "reason": "ordinary"}\n`,
      solution: `LARGE = 100


def because(decision, reason):
    return {"decision": decision, "reason": reason}


def decide(item):
    amount = item.get("amount")
    if amount is None:
        return because("wait", "no amount")
    if amount < 0:
        return because("stop", "impossible amount")
    if item.get("urgent") is True:
        return because("go", "urgent")
    if amount >= LARGE and item.get("state") != ${quoted(STATE)}:
        return because("ask", "large amount")
    if amount == 0:
        return because("skip", "nothing to do")
    return because("go", "ordinary")
`,
    },
    sql: {
      task: `The table \`items(id, amount, urgent, state)\` holds ${plural(ENTITY)}; \`urgent\` is 1, 0 or missing, and so may be the others. Write a query that gives each \`id\` and what the ${LOGIC} decide, sorted by id. The first rule that applies decides.

| # | if | decision |
|---|---|---|
| 1 | there is no amount | \`wait\` |
| 2 | the amount is below 0 | \`stop\` |
| 3 | it is urgent | \`go\` |
| 4 | the amount is 100 or more, and the state is not \`${STATE}\` (or there is none) | \`ask\` |
| 5 | the amount is 0 | \`skip\` |
| 6 | none of these | \`go\` |`,
      hints: [
        'The branches of a `CASE` are tried in order, as the rules are.',
        'What does a comparison with a state give where there is none? `COALESCE` helps.',
      ],
      starter: "SELECT id, 'go' AS decision FROM items ORDER BY id;\n",
      solution: `SELECT
  id,
  CASE
    WHEN amount IS NULL THEN 'wait'
    WHEN amount < 0 THEN 'stop'
    WHEN urgent = 1 THEN 'go'
    WHEN amount >= 100 AND COALESCE(state, '') <> ${sqlText(STATE)} THEN 'ask'
    WHEN amount = 0 THEN 'skip'
    ELSE 'go'
  END AS decision
FROM items
ORDER BY id;
`,
      ordered: true,
      cases: [
        {
          name: 'one for most rules',
          visibility: 'always',
          setup:
            "CREATE TABLE items (id INTEGER PRIMARY KEY, amount INTEGER, urgent INTEGER, state TEXT);\nINSERT INTO items VALUES (1, 12, 0, 'new'), (2, NULL, 1, 'new'), (3, 250, 0, 'new'), (4, 250, 1, 'new'), (5, -3, 1, 'new');\n",
          rows: [
            [1, 'go'],
            [2, 'wait'],
            [3, 'ask'],
            [4, 'go'],
            [5, 'stop'],
          ],
        },
        {
          name: 'the boundaries',
          visibility: 'after_pass',
          setup: `CREATE TABLE items (id INTEGER PRIMARY KEY, amount INTEGER, urgent INTEGER, state TEXT);\nINSERT INTO items VALUES (1, 0, 0, 'new'), (2, 99, 0, 'new'), (3, 100, 0, 'new'), (4, 100, 0, ${sqlText(STATE)});\n`,
          rows: [
            [1, 'skip'],
            [2, 'go'],
            [3, 'ask'],
            [4, 'go'],
          ],
        },
        {
          name: 'what is missing',
          visibility: 'never',
          setup:
            'CREATE TABLE items (id INTEGER PRIMARY KEY, amount INTEGER, urgent INTEGER, state TEXT);\nINSERT INTO items VALUES (1, 100, NULL, NULL), (2, 0, NULL, NULL), (3, NULL, NULL, NULL), (4, 0, 1, NULL);\n',
          rows: [
            [1, 'ask'],
            [2, 'skip'],
            [3, 'wait'],
            [4, 'go'],
          ],
        },
      ],
    },
  };
};
