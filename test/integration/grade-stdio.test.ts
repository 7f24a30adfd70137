import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, callOfF, openSandbox } from '../support/grading.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

const sumOf = { kind: 'stdio', name: 'sum', stdin: '3\n1 2 3\n', expectedStdout: '6\n' } as const;

async function gradeOf(code: string, overrides: Parameters<typeof buildExercise>[0] = {}): Promise<Grade> {
  const exercise = buildExercise({ entrypoint: 'main.js', tests: [sumOf], ...overrides });
  return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
}

const SUM = ".split(' ').map(Number).reduce((a, b) => a + b, 0)";

describe('ways to read and to print', () => {
  test.each([
    [
      'readFileSync(0)',
      `const lines = require('fs').readFileSync(0, 'utf8').trim().split('\\n'); console.log(lines[1]${SUM});`,
    ],
    [
      'readFileSync("/dev/stdin")',
      `import fs from 'fs'; console.log(fs.readFileSync('/dev/stdin').toString().split('\\n')[1]${SUM});`,
    ],
    [
      'a named import of node:fs',
      `import { readFileSync } from 'node:fs'; console.log(readFileSync(0, 'utf8').split('\\n')[1]${SUM});`,
    ],
    [
      'readline events',
      `const rl = require('readline').createInterface({ input: process.stdin, output: process.stdout }); const lines = []; rl.on('line', (l) => lines.push(l)).on('close', () => console.log(lines[1]${SUM}));`,
    ],
    [
      'readline questions',
      `const rl = require('readline').createInterface({ input: process.stdin }); rl.question('', () => rl.question('', (l) => { console.log(l${SUM}); rl.close(); }));`,
    ],
    [
      'readline promises',
      `import * as readline from 'node:readline/promises'; const rl = readline.createInterface({ input: process.stdin }); await rl.question('n?'); console.log((await rl.question('list?'))${SUM}); rl.close();`,
    ],
    [
      'readline as an iterator',
      `import readline from 'readline'; const lines = []; for await (const line of readline.createInterface({ input: process.stdin })) lines.push(line); console.log(lines[1]${SUM});`,
    ],
    [
      'stdin events',
      `let text = ''; process.stdin.setEncoding('utf8'); process.stdin.on('data', (chunk) => (text += chunk)); process.stdin.on('end', () => console.log(text.split('\\n')[1]${SUM}));`,
    ],
    [
      'stdin readable',
      `let text = ''; process.stdin.on('readable', () => { let chunk; while ((chunk = process.stdin.read()) !== null) text += chunk; }); process.stdin.on('end', () => console.log(text.split('\\n')[1]${SUM}));`,
    ],
    [
      'stdin as an iterator',
      `let text = ''; for await (const chunk of process.stdin) text += chunk; console.log(text.split('\\n')[1]${SUM});`,
    ],
    ['readline() of other judges', `readline(); print(readline()${SUM});`],
    ['prompt() of browsers', `prompt(); console.log(prompt()${SUM});`],
    ['stdout.write in pieces', 'process.stdout.write("6"); process.stdout.write("\\n");'],
    [
      'sloppy globals and require.main',
      'function main() { total = 6; console.log(total); }\nif (require.main === module) main();',
    ],
    ['an end before the end', 'console.log(6); process.exit(); console.log(7);'],
    ['timers, without waiting for them', 'setTimeout(() => console.log(6), 3_600_000);'],
    ['errors printed beside', 'console.error("debugging"); console.log(6); process.stderr.write("more");'],
  ])('%s', async (_, code) => {
    expect(await gradeOf(code)).toMatchObject({ verdict: 'accepted', score: 100 });
  });
});

test('every test runs the program afresh', async () => {
  const tests = [1, 2, 3].map((n) => ({ ...sumOf, name: `${n}`, stdin: `${n}`, expectedStdout: '1' }));
  const code = 'globalThis.runs = (globalThis.runs ?? 0) + 1; console.log(globalThis.runs);';
  expect(await gradeOf(code, { tests })).toMatchObject({ verdict: 'accepted' });
});

test('a wrong answer names the first line that differs, counted as the learner does', async () => {
  const tests = [{ ...sumOf, expectedStdout: 'a\nb\nc\n' }];
  const result = await gradeOf('console.log("a\\nx\\nc");', { tests });
  expect(result.tests[0]).toMatchObject({
    verdict: 'wrong_answer',
    message: 'line 2: expected "b", got "x"',
    input: sumOf.stdin,
    expected: 'a\nb\nc\n',
    actual: 'a\nx\nc\n',
    diff: [{ path: '/1', kind: 'different', expected: 'b', actual: 'x' }],
  });
});

test('output that ends too early is told', async () => {
  const result = await gradeOf('', { tests: [sumOf] });
  expect(result.tests[0]?.message).toBe('line 1: expected "6", got the end of the output');
});

test.each([
  ['exact', '6\n', true],
  ['exact', '6', false],
  ['tokens', ' 6 ', true],
  ['numeric', '6.0000000001', true],
] as const)('comparison %s of %j', async (type, printed, equal) => {
  const tests = [{ ...sumOf, comparison: { type } }];
  const result = await gradeOf(`process.stdout.write(${JSON.stringify(printed)});`, { tests });
  expect(result.verdict === 'accepted').toBe(equal);
});

test('an endless program is run once only', async () => {
  const tests = [1, 2, 3].map((n) => ({ ...sumOf, name: `${n}` }));
  const result = await gradeOf('for (;;);', { tests, limits: { cpuMs: 50 } });
  expect(result.tests.map((found) => found.verdict)).toEqual(['time_limit', 'skipped', 'skipped']);
});

test('TypeScript programs tell places in the learner’s file', async () => {
  const code =
    "enum E { A, B, C }\n\nimport { readFileSync } from 'fs';\nconst text: string = readFileSync(0, 'utf8');\n\n(text as any).a.b.c;\n";
  const result = await gradeOf(code, { language: 'typescript', entrypoint: 'main.ts' });
  expect(result.tests[0]).toMatchObject({ verdict: 'runtime_error' });
  expect(result.tests[0]?.message).toMatch(/main\.ts:6:\d+/);
});

test('kinds may be mixed, results keep the order of the tests, and hidden calls come after visible ones', async () => {
  const code = [
    'let last = null;',
    'export function f(n) { const before = last; last = n; console.log("saw", before); return n; }',
    'if (typeof process !== "undefined") console.log(6);',
  ].join('\n');
  const content =
    "import { f } from './main.js';\ntest('a', () => expect(f(1)).toBe(1));\ntest('b', () => expect(f(2)).toBe(3));";
  const tests = [
    callOfF([42], 42, { visibility: 'never' }),
    sumOf,
    callOfF([1], 1),
    { kind: 'suite', path: 'main.test.js', content, weight: 2 } as const,
    callOfF([2], 2),
  ];
  const result = await gradeOf(code, { tests });
  expect(result.tests.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
    'f([42]) accepted',
    'sum accepted',
    'f([1]) accepted',
    'a accepted',
    'b wrong_answer',
    'f([2]) accepted',
  ]);
  expect(result).toMatchObject({ verdict: 'partial', score: 83 });
  expect(result.stdout).not.toContain('42');
});
