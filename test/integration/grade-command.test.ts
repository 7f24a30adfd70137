import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { VerificationReport } from '../../shared/contracts/verification.contract.ts';
import { sumExercise } from '../support/factories.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** With limits that leave room for a machine that has other things to do. */
const SUM = sumExercise({ limits: { cpuMs: 2000, wallMs: 20_000 } });
const CATALOGUE_EXERCISE = 'shared/learning/catalogue/skerry-post/01-atom/label-reader';

describe('npm run grade', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'learnify-grade-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const grade = (...args: string[]) =>
    new Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        ['worker/grade-command.ts', ...args],
        { cwd: ROOT, env: { PATH: process.env['PATH'] } },
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode, stdout, stderr });
        },
      );
    });

  test('verifies an exercise kept as files: a table for the solution and one for the starter', async () => {
    const { code, stdout } = await grade('--exercise', CATALOGUE_EXERCISE);
    expect(stdout).toMatch(
      /^label-reader: reference solution, which has to pass\ntest +verdict +cpu ms +wall ms +message\n/,
    );
    expect(stdout).toMatch(/a plain label +accepted +\d+\.\d +\d+\.\d\n/);
    expect(stdout).toMatch(/label-reader: starter code, which must not/);
    expect(stdout).toMatch(/\nverified\n$/);
    expect(code).toBe(0);
  });

  test('accepts a right solution to an exercise in one JSON file', async () => {
    const solution = file('right.js', 'export const sum = (a, b) => a + b;');
    const { code, stdout } = await grade('--exercise', file('sum.json', SUM), '--solution', solution);
    expect(stdout).toMatch(/accepted, score 100: 3 of 3 tests pass \(quickjs/);
    expect(code).toBe(0);
  });

  test('ends with 1 for a wrong solution, and tells what is wrong with it, also of hidden tests', async () => {
    const solution = file('wrong.js', 'export const sum = (a, b) => Math.abs(a) + b;');
    const { code, stdout } = await grade('--exercise', file('sum.json', SUM), '--solution', solution);
    expect(stdout).toMatch(/adds negatives +wrong_answer +[\d.]+ +[\d.]+ {2}expected -6, got -4\n/);
    expect(stdout).toMatch(/partial, score 67: 2 of 3 tests pass/);
    expect(code).toBe(1);
  });

  test('prints further lines of a message below its test', async () => {
    const solution = file('throws.js', 'export const sum = () => {\n  throw new Error("no\\u001b[31m");\n};');
    const { stdout } = await grade('--exercise', file('sum.json', SUM), '--solution', solution);
    expect(stdout).toMatch(/adds +runtime_error +[\d.]+ +[\d.]+ {2}Error: no \[31m\n {8}at sum \(sum\.js:2:\d+\)\n/);
    expect(stdout).not.toContain('\u001b');
  });

  test('prints JSON for machines: the grade, or the report of a verification', async () => {
    const exercise = file('sum.json', SUM);
    const graded = await grade('--json', '--exercise', exercise, '--solution', file('right.js', SUM.solutionCode));
    expect(Grade.parse(JSON.parse(graded.stdout))).toMatchObject({ verdict: 'accepted', score: 100 });
    const broken = { ...SUM, solutionCode: 'export const sum = () => 3;' };
    const verified = await grade('--json', '--exercise', file('broken.json', broken));
    expect(VerificationReport.parse(JSON.parse(verified.stdout))).toMatchObject({
      outcome: 'rejected',
      solution: { failed: [{ name: 'adds zero' }, { name: 'adds negatives' }] },
    });
    expect([graded.code, verified.code]).toEqual([0, 1]);
  });

  test('grades every kind of test in TypeScript, with suites kept as files of their own', async () => {
    const directory = join(folder, 'typed');
    mkdirSync(join(directory, 'tests'), { recursive: true });
    const { slug, title, difficulty } = SUM;
    const tests = [
      { kind: 'call', name: 'adds', function: 'sum', args: [1, 2], expected: 3 },
      { kind: 'suite', path: 'sum.test.ts' },
      { kind: 'stdio', name: 'greets', expectedStdout: 'ready\n' },
    ];
    const settings = { slug, title, difficulty, language: 'typescript', entrypoint: 'sum.ts', tests };
    const solution = "console.log('ready');\nexport const sum = (a: number, b: number): number => a + b;\n";
    file('typed/exercise.json', settings);
    file('typed/description.md', 'Add.');
    file('typed/starter.ts', 'export const sum = (): void => undefined;');
    file('typed/solution.ts', solution);
    file(
      'typed/tests/sum.test.ts',
      "import { sum } from './sum.ts';\ntest('adds many', () => {\n  expect(sum(4, 5)).toBe(9);\n});\n",
    );
    const { code, stdout } = await grade('--exercise', directory);
    expect(stdout).toMatch(/\nadds many +accepted/);
    expect(stdout).toMatch(/accepted, score 100: 3 of 3 tests pass/);
    expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: 'verified' });
  });

  test.each([
    ['no exercise', () => [], /--exercise is required/],
    ['an unknown option', () => ['--exercise', CATALOGUE_EXERCISE, '--fast'], /--fast/],
    ['an unknown isolation', () => ['--exercise', CATALOGUE_EXERCISE, '--isolation', 'some'], /auto, required or off/],
    ['a folder that is no exercise', () => ['--exercise', 'docs'], /docs cannot be read: .*exercise\.json/],
    ['a file that is no JSON', () => ['--exercise', file('no.json', '{')], /no\.json cannot be read/],
    ['an invalid exercise', () => ['--exercise', file('bad.json', { ...SUM, points: -1 })], / {2}points: /],
    [
      'an exercise that contradicts itself',
      () => ['--exercise', file('twice.json', { ...SUM, files: [{ path: 'sum.js', content: '' }] })],
      / {2}files\.0\.path: collides with the entrypoint/,
    ],
    [
      'a missing solution',
      () => ['--exercise', CATALOGUE_EXERCISE, '--solution', 'nowhere.js'],
      /nowhere\.js cannot be read/,
    ],
  ])('ends with 2 for %s', async (_, args, message) => {
    const { code, stdout, stderr } = await grade(...args());
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('explains itself', async () => {
    const { code, stdout } = await grade('--help');
    expect(stdout).toMatch(/^Usage: npm run grade/);
    expect(code).toBe(0);
  });
});
