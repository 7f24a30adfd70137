import { capitalised } from '../grammar.ts';
import type { MakeTemplate } from './template.ts';

const SCHEMA = 'CREATE TABLE readings (id INTEGER PRIMARY KEY, value INTEGER);\n';

/** A stream: what has to be kept of what has passed, and what each new value may cost. */
export const flowStateTemplate: MakeTemplate = ({ EVENT }) => ({
  title: `${capitalised(EVENT)} after ${EVENT}`,
  difficulty: 'hard',
  points: 150,
  task: `Every \`${EVENT}\` brings a value, a whole number, and now and then one brings none. Somebody wants to know when it becomes too much.

Write \`alarms(values, size, limit)\`. It returns the positions in \`values\`, counted from 0, at which the **mean of the last \`size\` values is at or above \`limit\`**.

- A value that is \`null\` (in Python \`None\`) is passed over as if it had not been there: it raises no alarm, and it is not one of the last \`size\`. It does count as a position.
- Until there have been \`size\` values there is no mean, and no alarm.
- \`size\` is 1 or more. If it is not, there are no alarms.

The list may be long and \`size\` large. Work that grows with \`size\` for each value is too slow.`,
  hints: [
    'The sum of the last values changes by very little from one value to the next. By what?',
    'You need to know which value leaves the window. Which structure gives it back in the order in which it came?',
    'Values that are passed over have a position, too. Which of the two numbers do you report?',
  ],
  function: 'alarms',
  cases: [
    { name: 'a window of two', visibility: 'always', args: [[1, 3, 5, 1, 1], 2, 3], expected: [2, 3] },
    { name: 'passed over', visibility: 'always', args: [[4, null, 4, null], 2, 4], expected: [2] },
    { name: 'not enough values', visibility: 'always', args: [[9, 9], 3, 1], expected: [] },
    { name: 'a window of one', visibility: 'after_pass', args: [[1, 2, 3], 1, 2], expected: [1, 2] },
    { name: 'as many as there are', visibility: 'after_pass', args: [[1, 2, 3], 3, 2], expected: [2] },
    { name: 'no values', visibility: 'never', args: [[], 2, 0], expected: [] },
    { name: 'a window of nothing', visibility: 'never', args: [[1, 2], 0, 0], expected: [] },
    { name: 'values and limits below zero', visibility: 'never', args: [[-5, -1, -3, 0], 2, -2], expected: [2, 3] },
    { name: 'zero is a value', visibility: 'never', args: [[0, 0, 6, null, 0], 3, 2], expected: [2, 4] },
    { name: 'a mean that is no whole number', visibility: 'never', args: [[1, 2, 2], 2, 1.5], expected: [1, 2] },
    {
      name: 'a long list and a large window',
      visibility: 'never',
      args: [Array.from({ length: 3000 }, (_, index) => (index < 2990 ? 1 : 2)), 1500, 1.0061],
      expected: [2999],
    },
  ],
  javascript: {
    starter: `/**\n * Positions at which the mean of the last \`size\` values is at or above \`limit\`.\n *\n * @param {(number | null)[]} values\n * @returns {number[]}\n */\nexport function alarms(values, size, limit) {\n  return values.map((_, index) => index);\n}\n`,
    solution: `export function alarms(values, size, limit) {
  if (size < 1) return [];
  const found = [];
  const seen = [];
  let sum = 0;
  values.forEach((value, index) => {
    if (value === null) return;
    seen.push(value);
    sum += value;
    if (seen.length > size) sum -= seen[seen.length - 1 - size];
    if (seen.length >= size && sum / size >= limit) found.push(index);
  });
  return found;
}
`,
  },
  typescript: {
    starter: `/** Positions at which the mean of the last \`size\` values is at or above \`limit\`. */\nexport function alarms(values: (number | null)[], size: number, limit: number): number[] {\n  return values.map((_, index) => index);\n}\n`,
    solution: `export function alarms(values: (number | null)[], size: number, limit: number): number[] {
  if (size < 1) return [];
  const found: number[] = [];
  const seen: number[] = [];
  let sum = 0;
  values.forEach((value, index) => {
    if (value === null) return;
    seen.push(value);
    sum += value;
    if (seen.length > size) sum -= seen[seen.length - 1 - size] ?? 0;
    if (seen.length >= size && sum / size >= limit) found.push(index);
  });
  return found;
}
`,
  },
  python: {
    starter: `def alarms(values, size, limit):\n    """Positions at which the mean of the last size values is at or above limit."""\n    return list(range(len(values)))\n`,
    solution: `from collections import deque


def alarms(values, size, limit):
    if size < 1:
        return []
    found = []
    window = deque()
    total = 0
    for index, value in enumerate(values):
        if value is None:
            continue
        window.append(value)
        total += value
        if len(window) > size:
            total -= window.popleft()
        if len(window) == size and total / size >= limit:
            found.append(index)
    return found
`,
  },
  sql: {
    task: `Every \`${EVENT}\` brings a value. The table \`readings(id, value)\` holds them in the order of their ids; a value may be missing.

Write a query that gives the **ids** at which the mean of the last **three** values is 10 or more, in order. A reading without a value is passed over as if it had not been there. Until there have been three values there is no mean.`,
    hints: [
      'A window with `ROWS BETWEEN 2 PRECEDING AND CURRENT ROW` holds three rows, and fewer at the beginning.',
      'What a window function gives cannot be asked for in `WHERE` of the same query, but around it.',
    ],
    starter: 'SELECT id FROM readings WHERE value >= 10 ORDER BY id;\n',
    solution: `SELECT id
FROM (
  SELECT
    id,
    AVG(value) OVER last_three AS mean,
    COUNT(*) OVER last_three AS number
  FROM readings
  WHERE value IS NOT NULL
  WINDOW last_three AS (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
) AS windows
WHERE number = 3 AND mean >= 10
ORDER BY id;
`,
    ordered: true,
    cases: [
      {
        name: 'up and down',
        visibility: 'always',
        setup: `${SCHEMA}INSERT INTO readings VALUES (1, 5), (2, 10), (3, 15), (4, 20), (5, 1), (6, 1);\n`,
        rows: [[3], [4], [5]],
      },
      {
        name: 'passed over',
        visibility: 'after_pass',
        setup: `${SCHEMA}INSERT INTO readings VALUES (1, 30), (2, NULL), (3, 0), (4, NULL), (6, 0), (9, 0);\n`,
        rows: [[6]],
      },
      {
        name: 'not enough values',
        visibility: 'never',
        setup: `${SCHEMA}INSERT INTO readings VALUES (1, 90), (2, 90);\n`,
        rows: [],
      },
      {
        name: 'a mean just below',
        visibility: 'never',
        setup: `${SCHEMA}INSERT INTO readings VALUES (3, 10), (1, 10), (2, 9), (4, 11);\n`,
        rows: [[4]],
      },
    ],
  },
});
