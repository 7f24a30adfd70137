import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade, type GradableExercise } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { HONEST_GCD, buildExercise, openSandbox } from '../support/grading.ts';
import { hostileCases } from './javascript.cases.ts';
import { ATTACKED_SUITE, stdioAttacks, suiteAttacks } from './suite.cases.ts';

const LIMITS = { cpuMs: 50, wallMs: 5000, memoryMb: 32, outputKb: 16 };
const HONEST_SQUARE = 'export function f(n) { if (typeof n === "function") return [n(16)]; return [n * n]; }';
const CASES = 9;

const attacked = buildExercise({
  limits: LIMITS,
  entrypoint: 'f.js',
  tests: [{ kind: 'suite', path: 'f.test.js', content: ATTACKED_SUITE, visibility: 'never' }],
});
const attackedInTypeScript: GradableExercise = {
  ...buildExercise({
    limits: LIMITS,
    entrypoint: 'f.ts',
    tests: [{ kind: 'suite', path: 'f.test.ts', content: ATTACKED_SUITE, visibility: 'never' }],
  }),
  language: 'typescript',
};
const program = buildExercise({
  limits: LIMITS,
  entrypoint: 'sum.js',
  tests: [{ kind: 'stdio', name: 'sum', stdin: '1 2 3\n', expectedStdout: '6\n' }],
});

// Every test grades several times.
jest.setTimeout(400_000);

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

async function gradeOf(exercise: GradableExercise, code: string): Promise<Grade> {
  const result = Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(100_000)));
  expect(JSON.stringify(result).length).toBeLessThan(500_000);
  return result;
}

async function honestSubmissionsPass(): Promise<void> {
  const suite = await gradeOf(attacked, HONEST_SQUARE);
  expect(suite.tests.map((found) => found.verdict)).toEqual(Array.from({ length: CASES }, () => 'accepted'));
  expect(await gradeOf(buildExercise(), HONEST_GCD)).toMatchObject({ verdict: 'accepted', score: 100 });
}

test('honest submissions pass first', honestSubmissionsPass);

describe.each([
  ['javascript', attacked],
  ['typescript', attackedInTypeScript],
])('attacks on a suite in %s', (_, exercise) => {
  test.each(suiteAttacks)('$name', async ({ code, verdicts }) => {
    const result = await gradeOf(exercise, code);
    expect(verdicts).toContain(result.tests[0]?.verdict);
    expect(result.verdict).not.toBe('accepted');
    const names = result.tests.map((found) => found.name);
    expect(names.every((name) => name === 'Unit tests' || name.startsWith('squares > '))).toBe(true);
    expect([1, CASES]).toContain(result.tests.length);
    const passed = result.tests.filter((found) => found.verdict === 'accepted');
    // Only the one that is right but for the callback may have passed cases at all.
    if (!verdicts.includes('accepted')) expect(passed).toEqual([]);
    expect(JSON.stringify([result.stdout, result.tests.map((found) => found.stdout)])).not.toContain('SECRET');
    await honestSubmissionsPass();
  });
});

describe('attacks on a program', () => {
  test.each(stdioAttacks)('$name', async ({ code, verdicts }) => {
    const result = await gradeOf(program, code);
    expect(verdicts).toContain(result.tests[0]?.verdict);
    expect(result.score).toBe(0);
    expect(JSON.stringify(result)).not.toMatch(/root:|\/work\//);
    await honestSubmissionsPass();
  });
});

test.each(hostileCases.filter((_, index) => index % 4 === 0))('as TypeScript: $name', async ({ code, verdicts }) => {
  const call = { kind: 'call', name: 'f(1)', function: 'f', args: [1], expected: 1 } as const;
  const tests = [{ ...call, args: [...call.args] }];
  const exercise = buildExercise({ language: 'typescript', entrypoint: 'f.ts', limits: LIMITS, tests });
  const result = await gradeOf(exercise, code);
  expect([...verdicts, 'compile_error']).toContain(result.tests[0]?.verdict);
  expect(result.score).toBe(0);
  await honestSubmissionsPass();
});

test('a source that breaks the stripper costs its runner only', async () => {
  const code = `const f = ${'('.repeat(20_000)}1${')'.repeat(20_000)};`;
  for (let round = 0; round < 2; round++) {
    const result = await gradeOf(attackedInTypeScript, code);
    expect(result.tests[0]).toMatchObject({ verdict: 'compile_error' });
    expect(await gradeOf(attackedInTypeScript, HONEST_SQUARE)).toMatchObject({ verdict: 'accepted' });
  }
});

test('honest submissions pass last', honestSubmissionsPass);
