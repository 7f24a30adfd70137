import { plural } from '../grammar.ts';
import { quoted, sqlText, type MakeTemplate } from './template.ts';

/** Steps: what may follow what, and what happens to a step that may not. */
export const workflowTemplate: MakeTemplate = ({ ENTITY, STATE, FLOW }) => ({
  title: `The ${FLOW}`,
  difficulty: 'medium',
  points: 100,
  task: `In the ${FLOW} everything goes from \`new\` to \`${STATE}\` and from there to \`done\`. What is \`${STATE}\` may also go back to \`new\`. No other step is legal.

Write \`advance(names, moves)\`. \`names\` are the ${plural(ENTITY)} that there are, all different, each \`new\` at first. \`moves\` is a list of \`{ name, to }\`, in the order in which they are tried. The answer has two fields:

| field | meaning |
|---|---|
| \`states\` | for each name, in the order given, a pair \`[name, state]\` as it stands in the end |
| \`refused\` | the positions of the moves that were not made, counted from 0, in order |

A move is not made when there is nothing of that name, or when the step is not legal. It changes nothing then, and the moves after it are tried all the same.`,
  hints: [
    'Write down which steps are legal as data, and let the code look it up, rather than asking one question after the other.',
    'You need to find a state by its name many times. Which structure finds it without searching?',
    'A name that nobody gave can also be one that your language knows already, such as `constructor`.',
  ],
  function: 'advance',
  cases: [
    {
      name: 'one goes all the way',
      visibility: 'always',
      args: [
        ['a', 'b'],
        [
          { name: 'a', to: STATE },
          { name: 'a', to: 'done' },
        ],
      ],
      expected: {
        states: [
          ['a', 'done'],
          ['b', 'new'],
        ],
        refused: [],
      },
    },
    {
      name: 'a step that is not legal changes nothing',
      visibility: 'always',
      args: [
        ['a'],
        [
          { name: 'a', to: 'done' },
          { name: 'a', to: STATE },
        ],
      ],
      expected: { states: [['a', STATE]], refused: [0] },
    },
    {
      name: 'nobody of that name',
      visibility: 'always',
      args: [['a'], [{ name: 'z', to: STATE }]],
      expected: { states: [['a', 'new']], refused: [0] },
    },
    {
      name: 'back and forth',
      visibility: 'after_pass',
      args: [
        ['a'],
        [
          { name: 'a', to: STATE },
          { name: 'a', to: 'new' },
          { name: 'a', to: STATE },
          { name: 'a', to: 'done' },
        ],
      ],
      expected: { states: [['a', 'done']], refused: [] },
    },
    {
      name: 'what is done stays done',
      visibility: 'after_pass',
      args: [
        ['a'],
        [
          { name: 'a', to: STATE },
          { name: 'a', to: 'done' },
          { name: 'a', to: 'new' },
          { name: 'a', to: STATE },
          { name: 'a', to: 'done' },
        ],
      ],
      expected: { states: [['a', 'done']], refused: [2, 3, 4] },
    },
    { name: 'no names and no moves', visibility: 'never', args: [[], []], expected: { states: [], refused: [] } },
    {
      name: 'to where it stands already',
      visibility: 'never',
      args: [['a'], [{ name: 'a', to: 'new' }]],
      expected: { states: [['a', 'new']], refused: [0] },
    },
    {
      name: 'a state that there is not',
      visibility: 'never',
      args: [['a'], [{ name: 'a', to: 'lost' }]],
      expected: { states: [['a', 'new']], refused: [0] },
    },
    {
      name: 'a name that the language knows',
      visibility: 'never',
      args: [
        ['b', 'a'],
        [
          { name: 'constructor', to: STATE },
          { name: '__proto__', to: 'new' },
          { name: 'b', to: 'constructor' },
        ],
      ],
      expected: {
        states: [
          ['b', 'new'],
          ['a', 'new'],
        ],
        refused: [0, 1, 2],
      },
    },
  ],
  javascript: {
    starter: `/**\n * Tries the moves one after the other.\n *\n * @param {string[]} names\n * @param {{ name: string, to: string }[]} moves\n */\nexport function advance(names, moves) {\n  return { states: names.map((name) => [name, 'new']), refused: [] };\n}\n`,
    solution: `const NEXT = new Map([
  ['new', [${quoted(STATE)}]],
  [${quoted(STATE)}, ['done', 'new']],
  ['done', []],
]);

export function advance(names, moves) {
  const states = new Map(names.map((name) => [name, 'new']));
  const refused = [];
  moves.forEach(({ name, to }, index) => {
    const isLegal = NEXT.get(states.get(name))?.includes(to) ?? false;
    if (isLegal) states.set(name, to);
    else refused.push(index);
  });
  return { states: [...states], refused };
}
`,
  },
  typescript: {
    starter: `export type Move = { name: string; to: string };\nexport type Outcome = { states: [name: string, state: string][]; refused: number[] };\n\n/** Tries the moves one after the other. */\nexport function advance(names: string[], moves: Move[]): Outcome {\n  return { states: names.map((name) => [name, 'new']), refused: [] };\n}\n`,
    solution: `export type Move = { name: string; to: string };
export type Outcome = { states: [name: string, state: string][]; refused: number[] };

const NEXT = new Map<string, string[]>([
  ['new', [${quoted(STATE)}]],
  [${quoted(STATE)}, ['done', 'new']],
  ['done', []],
]);

export function advance(names: string[], moves: Move[]): Outcome {
  const states = new Map<string, string>(names.map((name) => [name, 'new']));
  const refused: number[] = [];
  moves.forEach(({ name, to }, index) => {
    const isLegal = NEXT.get(states.get(name) ?? '')?.includes(to) ?? false;
    if (isLegal) states.set(name, to);
    else refused.push(index);
  });
  return { states: [...states], refused };
}
`,
  },
  python: {
    starter: `def advance(names, moves):\n    """Tries the moves one after the other."""\n    return {"states": [[name, "new"] for name in names], "refused": []}\n`,
    solution: `NEXT = {"new": [${quoted(STATE)}], ${quoted(STATE)}: ["done", "new"], "done": []}


def advance(names, moves):
    states = {name: "new" for name in names}
    refused = []
    for index, move in enumerate(moves):
        state = states.get(move["name"])
        if state is not None and move["to"] in NEXT[state]:
            states[move["name"]] = move["to"]
        else:
            refused.append(index)
    return {"states": [[name, state] for name, state in states.items()], "refused": refused}
`,
  },
  sql: {
    task: `In the ${FLOW} everything goes from \`new\` to \`${STATE}\` and from there to \`done\`. The table \`items(id, state)\` says where all ${plural(ENTITY)} stand.

Write a query that gives each of the three states, **in that order**, and how many stand there. A state where nothing stands is listed with 0. Rows with any other state, or none, do not count.`,
    hints: [
      'The states have to come from somewhere else than the table, or one without rows is not listed.',
      'After a `LEFT JOIN`, what is the difference between `COUNT(*)` and the count of a column?',
    ],
    starter: 'SELECT state, COUNT(*) AS number FROM items GROUP BY state;\n',
    solution: `WITH steps (place, state) AS (
  VALUES (1, 'new'), (2, ${sqlText(STATE)}), (3, 'done')
)
SELECT steps.state, COUNT(items.id) AS number
FROM steps
LEFT JOIN items ON items.state = steps.state
GROUP BY steps.place, steps.state
ORDER BY steps.place;
`,
    ordered: true,
    cases: [
      {
        name: 'some of each',
        visibility: 'always',
        setup: `CREATE TABLE items (id INTEGER PRIMARY KEY, state TEXT);\nINSERT INTO items VALUES (1, 'done'), (2, ${sqlText(STATE)}), (3, 'new'), (4, 'new');\n`,
        rows: [
          ['new', 2],
          [STATE, 1],
          ['done', 1],
        ],
      },
      {
        name: 'states without anything, and things without a state',
        visibility: 'after_pass',
        setup:
          "CREATE TABLE items (id INTEGER PRIMARY KEY, state TEXT);\nINSERT INTO items VALUES (1, 'done'), (2, NULL), (3, 'lost');\n",
        rows: [
          ['new', 0],
          [STATE, 0],
          ['done', 1],
        ],
      },
      {
        name: 'an empty table',
        visibility: 'never',
        setup: 'CREATE TABLE items (id INTEGER PRIMARY KEY, state TEXT);\n',
        rows: [
          ['new', 0],
          [STATE, 0],
          ['done', 0],
        ],
      },
    ],
  },
});
