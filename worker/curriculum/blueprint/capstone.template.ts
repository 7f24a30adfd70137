import { a, capitalised, plural } from '../grammar.ts';
import type { MakeTemplate } from './template.ts';

const SCHEMA = 'CREATE TABLE events (position INTEGER PRIMARY KEY, key TEXT, kind TEXT, place TEXT, amount INTEGER);\n';

/** Everything together: events that come twice, rules that refuse, and an account that is right in the end. */
export const capstoneTemplate: MakeTemplate = ({ CONTAINER, ENTITY, EVENT, CAPSTONE_GOAL }) => {
  const put = (key: string, place: string, amount: number) => ({ key, kind: 'put', place, amount });
  const take = (key: string, place: string, amount: number) => ({ key, kind: 'take', place, amount });
  const move = (key: string, from: string, place: string, amount: number) => ({
    key,
    kind: 'move',
    from,
    place,
    amount,
  });
  const stock = (...pairs: [string, number][]) => pairs.map(([place, amount]) => ({ place, amount }));
  return {
    title: capitalised(CAPSTONE_GOAL),
    difficulty: 'hard',
    points: 200,
    task: `To ${CAPSTONE_GOAL}, somebody has to know what is where. Write \`settle(events)\`. Each \`${EVENT}\` is an object with a \`key\`, a \`kind\`, a \`place\` (the name of ${a(CONTAINER)}) and an \`amount\` of ${plural(ENTITY)}:

| kind | effect |
|---|---|
| \`put\` | \`amount\` more are in \`place\` |
| \`take\` | \`amount\` fewer are in \`place\` |
| \`move\` | \`amount\` go from the place named in \`from\` to \`place\` |

- Messages are sent twice, or later once more. An event whose key was there before is passed over without a word, whatever else it says, and also if the first one was refused.
- Refused is: any other kind, an amount that is no whole number of 1 or more, and a \`take\` or \`move\` of more than there is. What is refused changes nothing.

The answer is \`{ stock, refused }\`: \`stock\` has \`{ place, amount }\` for every place where there is something left, sorted by place; \`refused\` has the keys of what was refused, in order.`,
    hints: [
      'Separate the two questions: whether an event was there before, and what it does. The first needs nothing but the key.',
      'Decide first, change afterwards: then nothing has to be undone when an event is refused.',
      'A `move` within the same place is a move like any other. What is left in the end?',
    ],
    function: 'settle',
    cases: [
      {
        name: 'put and take',
        visibility: 'always',
        args: [[put('1', 'north', 5), take('2', 'north', 2)]],
        expected: { stock: stock(['north', 3]), refused: [] },
      },
      {
        name: 'moved',
        visibility: 'always',
        args: [[put('1', 'north', 5), move('2', 'north', 'east', 4)]],
        expected: { stock: stock(['east', 4], ['north', 1]), refused: [] },
      },
      {
        name: 'more than there is',
        visibility: 'always',
        args: [[put('1', 'north', 5), take('2', 'north', 6), take('3', 'south', 1)]],
        expected: { stock: stock(['north', 5]), refused: ['2', '3'] },
      },
      {
        name: 'sent twice',
        visibility: 'always',
        args: [[put('1', 'north', 5), put('1', 'north', 5), take('2', 'north', 1)]],
        expected: { stock: stock(['north', 4]), refused: [] },
      },
      {
        name: 'all of it taken',
        visibility: 'after_pass',
        args: [[put('1', 'north', 5), take('2', 'north', 5)]],
        expected: { stock: [], refused: [] },
      },
      {
        name: 'refused, and sent again when it would be fine',
        visibility: 'after_pass',
        args: [[take('1', 'north', 2), put('2', 'north', 5), take('1', 'north', 2)]],
        expected: { stock: stock(['north', 5]), refused: ['1'] },
      },
      { name: 'no events', visibility: 'never', args: [[]], expected: { stock: [], refused: [] } },
      {
        name: 'amounts that are none',
        visibility: 'never',
        args: [
          [
            put('1', 'a', 0),
            put('2', 'a', -1),
            put('3', 'a', 1.5),
            { ...put('4', 'a', 1), amount: '1' },
            put('5', 'a', 1),
          ],
        ],
        expected: { stock: stock(['a', 1]), refused: ['1', '2', '3', '4'] },
      },
      {
        name: 'a kind that there is not',
        visibility: 'never',
        args: [[{ ...put('1', 'a', 1), kind: 'toString' }]],
        expected: { stock: [], refused: ['1'] },
      },
      {
        name: 'moved to where it is',
        visibility: 'never',
        args: [[put('1', 'a', 2), move('2', 'a', 'a', 2)]],
        expected: { stock: stock(['a', 2]), refused: [] },
      },
      {
        name: 'a move of too much changes neither place',
        visibility: 'never',
        args: [[put('1', 'a', 2), put('2', 'b', 1), move('3', 'a', 'b', 3)]],
        expected: { stock: stock(['a', 2], ['b', 1]), refused: ['3'] },
      },
      {
        name: 'the same key, something else said',
        visibility: 'never',
        args: [[put('1', 'a', 2), take('1', 'a', 2)]],
        expected: { stock: stock(['a', 2]), refused: [] },
      },
      {
        name: 'a place that the language knows',
        visibility: 'never',
        args: [[put('1', 'constructor', 1)]],
        expected: { stock: stock(['constructor', 1]), refused: [] },
      },
    ],
    javascript: {
      starter: `/**\n * @param {{ key: string, kind: string, place: string, amount: number, from?: string }[]} events\n */\nexport function settle(events) {\n  return { stock: [], refused: events.map(({ key }) => key) };\n}\n`,
      solution: `const changesOf = ({ kind, place, from, amount }) => {
  if (kind === 'put') return [[place, amount]];
  if (kind === 'take') return [[place, -amount]];
  return kind === 'move' ? [[from, -amount], [place, amount]] : null;
};

export function settle(events) {
  const amounts = new Map();
  const seen = new Set();
  const refused = [];
  const isPossible = (changes) => changes.every(([place, change]) => change > 0 || (amounts.get(place) ?? 0) + change >= 0);

  for (const event of events) {
    if (seen.has(event.key)) continue;
    seen.add(event.key);
    const changes = Number.isInteger(event.amount) && event.amount >= 1 ? changesOf(event) : null;
    if (changes === null || !isPossible(changes)) {
      refused.push(event.key);
      continue;
    }
    for (const [place, change] of changes) amounts.set(place, (amounts.get(place) ?? 0) + change);
  }

  const stock = [...amounts]
    .filter(([, amount]) => amount > 0)
    .map(([place, amount]) => ({ place, amount }))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  return { stock, refused };
}
`,
    },
    typescript: {
      starter: `export type Event = { key: string; kind: string; place: string; amount: number; from?: string };\nexport type Account = { stock: { place: string; amount: number }[]; refused: string[] };\n\nexport function settle(events: Event[]): Account {\n  return { stock: [], refused: events.map(({ key }) => key) };\n}\n`,
      solution: `export type Event = { key: string; kind: string; place: string; amount: number; from?: string };
export type Account = { stock: { place: string; amount: number }[]; refused: string[] };
type Change = [place: string, change: number];

function changesOf({ kind, place, from, amount }: Event): Change[] | null {
  if (kind === 'put') return [[place, amount]];
  if (kind === 'take') return [[place, -amount]];
  return kind === 'move' && from !== undefined ? [[from, -amount], [place, amount]] : null;
}

export function settle(events: Event[]): Account {
  const amounts = new Map<string, number>();
  const seen = new Set<string>();
  const refused: string[] = [];
  const isPossible = (changes: Change[]): boolean =>
    changes.every(([place, change]) => change > 0 || (amounts.get(place) ?? 0) + change >= 0);

  for (const event of events) {
    if (seen.has(event.key)) continue;
    seen.add(event.key);
    const changes = Number.isInteger(event.amount) && event.amount >= 1 ? changesOf(event) : null;
    if (changes === null || !isPossible(changes)) {
      refused.push(event.key);
      continue;
    }
    for (const [place, change] of changes) amounts.set(place, (amounts.get(place) ?? 0) + change);
  }

  const stock = [...amounts]
    .filter(([, amount]) => amount > 0)
    .map(([place, amount]) => ({ place, amount }))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  return { stock, refused };
}
`,
    },
    python: {
      starter: `def settle(events):\n    return {"stock": [], "refused": [event["key"] for event in events]}\n`,
      solution: `def changes_of(event):
    amount, place = event["amount"], event["place"]
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1:
        return None
    if event["kind"] == "put":
        return [(place, amount)]
    if event["kind"] == "take":
        return [(place, -amount)]
    if event["kind"] == "move":
        return [(event["from"], -amount), (place, amount)]
    return None


def settle(events):
    amounts = {}
    seen = set()
    refused = []
    for event in events:
        if event["key"] in seen:
            continue
        seen.add(event["key"])
        changes = changes_of(event)
        if changes is None or any(change < 0 and amounts.get(place, 0) + change < 0 for place, change in changes):
            refused.append(event["key"])
            continue
        for place, change in changes:
            amounts[place] = amounts.get(place, 0) + change
    stock = [{"place": place, "amount": amounts[place]} for place in sorted(amounts) if amounts[place] > 0]
    return {"stock": stock, "refused": refused}
`,
    },
    sql: {
      task: `To ${CAPSTONE_GOAL}, somebody has to know what is where. The table \`events(position, key, kind, place, amount)\` holds what was reported, in the order of \`position\`: a \`put\` brings an amount of ${plural(ENTITY)} to a place, a \`take\` takes it away.

Messages are sent twice: of several rows with the same \`key\` only the **first** counts, whatever the others say. Rows of any other kind, and rows whose amount is missing or below 1, count nothing, though their key was there.

Write a query that gives each **place** and what is left there, for all places where that is more than 0, sorted by place.`,
      hints: [
        'Number the rows of each key by their position, and keep the first.',
        'A `CASE` inside of `SUM` gives each row its sign. `HAVING` asks about sums.',
      ],
      starter: 'SELECT place, SUM(amount) AS amount FROM events GROUP BY place;\n',
      solution: `WITH numbered AS (
  SELECT kind, place, amount, ROW_NUMBER() OVER (PARTITION BY key ORDER BY position) AS arrival
  FROM events
)
SELECT place, SUM(CASE kind WHEN 'put' THEN amount ELSE -amount END) AS amount_left
FROM numbered
WHERE arrival = 1 AND kind IN ('put', 'take') AND amount >= 1
GROUP BY place
HAVING SUM(CASE kind WHEN 'put' THEN amount ELSE -amount END) > 0
ORDER BY place;
`,
      ordered: true,
      cases: [
        {
          name: 'put and take',
          visibility: 'always',
          setup: `${SCHEMA}INSERT INTO events VALUES (1, 'a', 'put', 'north', 5), (2, 'b', 'take', 'north', 2), (3, 'c', 'put', 'east', 1);\n`,
          rows: [
            ['east', 1],
            ['north', 3],
          ],
        },
        {
          name: 'sent twice',
          visibility: 'always',
          setup: `${SCHEMA}INSERT INTO events VALUES (1, 'a', 'put', 'north', 5), (2, 'a', 'put', 'north', 5), (9, 'b', 'take', 'north', 5), (3, 'b', 'take', 'north', 1);\n`,
          rows: [['north', 4]],
        },
        {
          name: 'nothing left',
          visibility: 'after_pass',
          setup: `${SCHEMA}INSERT INTO events VALUES (1, 'a', 'put', 'north', 5), (2, 'b', 'take', 'north', 5), (3, 'c', 'put', 'south', 2);\n`,
          rows: [['south', 2]],
        },
        {
          name: 'rows that count nothing',
          visibility: 'never',
          setup: `${SCHEMA}INSERT INTO events VALUES (1, 'a', 'lend', 'north', 5), (2, 'a', 'put', 'north', 5), (3, 'b', 'put', 'north', NULL), (4, 'c', 'put', 'north', -4), (5, 'd', 'put', 'north', 1);\n`,
          rows: [['north', 1]],
        },
        { name: 'an empty table', visibility: 'never', setup: SCHEMA, rows: [] },
      ],
    },
  };
};
