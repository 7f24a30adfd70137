import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Language } from '../../shared/contracts/exercise.contract.ts';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, openSandbox } from '../support/grading.ts';

/** What a language needs to bring for the contract: how its programs are written. */
type Samples = {
  entrypoint: string;
  suite: { path: string; content: string };
  /** `gcd`, found by the letters of the verdict it shall get. */
  functions: { [outcome in 'right' | 'partly' | 'wrong' | 'slow' | 'crashing' | 'uncompilable' | 'missing']: string };
  /** Reads two numbers and prints their `gcd`. */
  programs: { [outcome in 'right' | 'partly' | 'wrong' | 'slow' | 'crashing' | 'uncompilable']: string };
  /** What the message about the crash must name. */
  crashPlace: RegExp;
  syntaxPlace: RegExp;
};

const SUITE = `import { gcd } from './gcd.js';
describe('gcd', () => {
  test('of coprime numbers', () => expect(gcd(17, 5)).toBe(1));
  test('of a multiple', () => expect(gcd(12, 18)).toBe(6));
  test('with zero', () => expect(gcd(9, 0)).toBe(9));
});
`;

const READ =
  "import { readFileSync } from 'node:fs';\nconst [a, b] = readFileSync(0, 'utf8').split(' ').map(Number);\n";
const EUCLID = 'while (b) [a, b] = [b, a % b];\n  return a;';

const samples: Record<Language, Samples> = {
  javascript: {
    entrypoint: 'gcd.js',
    suite: { path: 'gcd.test.js', content: SUITE },
    functions: {
      right: `export function gcd(a, b) {\n  ${EUCLID}\n}`,
      partly: 'export const gcd = (a, b) => (b === 0 ? a : a === 12 ? 6 : 2);',
      wrong: 'export const gcd = () => -1;',
      slow: 'export function gcd() { for (;;); }',
      crashing: 'export function gcd(a) {\n  return a.x.y;\n}',
      uncompilable: 'export function gcd(a, b) {\n  return a +;\n}',
      missing: 'export function gdc() {}',
    },
    programs: {
      right: `${READ}console.log(gcd(a, b));\nfunction gcd(a, b) {\n  ${EUCLID}\n}`,
      partly: `${READ}console.log(b === 0 ? a : a === 12 ? 6 : 2);`,
      wrong: 'console.log(-1);',
      slow: 'for (;;);',
      crashing: `${READ}a.x.y;`,
      uncompilable: `${READ}a +;`,
    },
    crashPlace: /gcd\.js:[23]:\d+/,
    syntaxPlace: /gcd\.js:[23]:\d+/,
  },
  typescript: {
    entrypoint: 'gcd.ts',
    suite: {
      path: 'gcd.test.ts',
      content: SUITE.replace('test(', "test('types', () => { const n: number = 1; expect(n).toBe(1); });\n  test("),
    },
    functions: {
      right: `enum Unused { A, B }\nexport function gcd(a: number, b: number): number {\n  ${EUCLID}\n}`,
      partly: 'export const gcd = (a: number, b: number): number => (b === 0 ? a : a === 12 ? 6 : 2);',
      wrong: 'export const gcd = (): number => -1;',
      slow: 'export function gcd(): never { for (;;); }',
      crashing: 'enum Moved { A, B, C, D }\nexport function gcd(a: any) {\n\n  return a.x.y;\n}',
      uncompilable: 'export function gcd(a: number, b: number) {\n  return a +;\n}',
      missing: 'export function gdc(): void {}',
    },
    programs: {
      right: `${READ}console.log(gcd(a as number, b as number));\nfunction gcd(a: number, b: number): number {\n  ${EUCLID}\n}`,
      partly: `${READ}console.log(b === 0 ? a : a === 12 ? 6 : 2);`,
      wrong: 'const answer: number = -1;\nconsole.log(answer);',
      slow: 'for (;;);',
      crashing: `${READ}(a as any).x.y;`,
      uncompilable: `${READ}a +;`,
    },
    crashPlace: /gcd\.ts:[34]:\d+/,
    syntaxPlace: /gcd\.ts:[23]:\d+/,
  },
};

const INPUTS = [
  { args: [17, 5], expected: 1 },
  { args: [12, 18], expected: 6 },
  { args: [9, 0], expected: 9 },
];
const LIMITS = { cpuMs: 50, wallMs: 5000 };

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

describe.each(Language.options)('%s', (language) => {
  const { entrypoint, suite, functions, programs, crashPlace, syntaxPlace } = samples[language];
  const kinds = [
    {
      kind: 'call',
      sources: functions,
      tests: INPUTS.map((input) => ({ kind: 'call', name: input.args.join(' '), function: 'gcd', ...input }) as const),
    },
    { kind: 'suite', sources: functions, tests: [{ kind: 'suite', name: 'suite', ...suite } as const] },
    {
      kind: 'stdio',
      sources: programs,
      tests: INPUTS.map(
        ({ args, expected }) =>
          ({ kind: 'stdio', name: args.join(' '), stdin: args.join(' '), expectedStdout: `${expected}` }) as const,
      ),
    },
  ];

  describe.each(kinds)('$kind', ({ kind, sources, tests }) => {
    async function gradeOf(code: string): Promise<Grade> {
      const exercise = buildExercise({ language, entrypoint, limits: LIMITS, tests });
      return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
    }

    test('a right solution is accepted', async () => {
      const result = await gradeOf(sources.right);
      expect(result).toMatchObject({ verdict: 'accepted', score: 100, fault: null });
      expect(result.tests.length).toBeGreaterThanOrEqual(3);
      for (const found of result.tests) expect(found).toMatchObject({ verdict: 'accepted', message: null });
    });

    test('a partly right one is partial', async () => {
      expect(await gradeOf(sources.partly)).toMatchObject({ verdict: 'partial', fault: 'learner' });
    });

    test('a wrong one is a wrong answer, with what was expected and what came', async () => {
      const result = await gradeOf(sources.wrong);
      const wrong = result.tests.filter((found) => found.verdict === 'wrong_answer');
      expect(wrong).toHaveLength(3);
      for (const found of wrong) expect(found.message).toMatch(/expected[\s\S]*-1/);
    });

    test('a slow one hits the time limit', async () => {
      const found = (await gradeOf(sources.slow)).tests.map(({ verdict }) => verdict);
      expect(found).toContain('time_limit');
      expect(found).not.toContain('wrong_answer');
    });

    test('a crashing one is a runtime error with its place', async () => {
      const crashed = (await gradeOf(sources.crashing)).tests.find((found) => found.verdict === 'runtime_error');
      expect(crashed?.message).toMatch(/TypeError/);
      expect(crashed?.message).toMatch(crashPlace);
    });

    test('one that cannot be parsed is a compile error with its place', async () => {
      const result = await gradeOf(sources.uncompilable);
      expect(result).toMatchObject({ verdict: 'compile_error', score: 0 });
      expect(result.tests[0]?.message).toMatch(/^SyntaxError/);
      expect(result.tests[0]?.message).toMatch(syntaxPlace);
    });

    test('hidden tests are graded the same', async () => {
      const exercise = buildExercise({
        language,
        entrypoint,
        limits: LIMITS,
        tests: tests.map((found) => ({ ...found, visibility: 'never' as const })),
      });
      const result = await grade(sandbox, exercise, sources.right, AbortSignal.timeout(50_000));
      expect(result.verdict).toBe('accepted');
      expect(result.tests.every((found) => found.visibility === 'never')).toBe(true);
    });

    if (kind !== 'stdio') {
      test('one that lacks the function is invalid', async () => {
        const result = await gradeOf(functions.missing);
        expect(result.verdict).toBe('invalid_submission');
        expect(result.tests[0]?.message).toContain(`\`${entrypoint}\` does not export`);
      });
    }
  });
});
