import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import type { Language } from '../../shared/contracts/exercise.contract.ts';
import { ReviewBody } from '../../shared/contracts/review.contract.ts';
import { linesOf, visibleSource } from '../../worker/review/sanitise.ts';
import { ADVICE } from '../../worker/review/static-analysis/analyse-code.ts';
import { staticReview } from '../../worker/review/static-analysis/static-review.ts';
import { buildAnalysed, factsOf, rulesIn } from '../support/static-analysis.ts';

const LANGUAGES: readonly Language[] = ['javascript', 'typescript', 'python', 'sql'];

describe('what static analysis finds', () => {
  test('a learner cannot switch it off with comments', async () => {
    const silenced = await rulesIn(
      'javascript',
      '/* eslint-disable */\nexport const f = (a) => { if (a = 1) return 2; };\n',
    );
    expect(silenced).toContain('no-cond-assign');
    const python = '# ruff: noqa\ndef f(a=[]):  # noqa: B006\n    return a  # type: ignore\n';
    expect(await rulesIn('python', python)).toContain('mutable-default');
  });

  test('the same thing in several lines is one finding that names them', async () => {
    const code = 'export function f(a, b) {\n  if (a == 1) return 1;\n  if (b == 2) return 2;\n  return a == b;\n}\n';
    const { findings } = await factsOf(buildAnalysed('javascript', code));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ rule: 'eqeqeq', startLine: 2 });
    expect(findings[0]?.explanation).toContain('The same goes for lines 3, 4.');
  });

  test('small things that stand in the starter are not held against the learner', async () => {
    const starterCode = 'export function f(list, unused) {\n}\n';
    const code = 'export function f(list, unused) {\n  return list;\n}\n';
    const { exercise } = buildAnalysed('javascript', code);
    expect(await rulesIn('javascript', code)).toEqual(['no-unused-vars']);
    expect(await rulesIn('javascript', code, { exercise: { ...exercise, starterCode } })).toEqual([]);
  });

  test('enums and parameter properties of TypeScript keep their lines', async () => {
    const code = [
      'enum Kind {',
      '  One,',
      '}',
      'export class Box {',
      '  constructor(private items: number[] = []) {}',
      '  mean(): number {',
      '    const { items } = this;',
      '    return items.reduce((sum, item) => sum + item) / Kind.One;',
      '  }',
      '}',
    ].join('\n');
    const { findings, parsed } = await factsOf(buildAnalysed('typescript', code));
    expect(parsed).toBe(true);
    expect(findings).toMatchObject([{ rule: 'reduce-of-nothing', startLine: 8, endLine: 8 }]);
  });

  test.each<[Language, string, number]>([
    ['javascript', 'export function f() {\n  return (1;\n}\n', 2],
    ['typescript', 'const a: number = 1;\nconst b: = 2;\n', 2],
    ['python', 'def f():\n    return (1\n\nprint(2)\n', 2],
    ['sql', 'SELECT name\nFROM products\nWHERE = 3;\n', 3],
  ])('a syntax error in %s is told with its line', async (language, code, line) => {
    const facts = await factsOf(buildAnalysed(language, code));
    expect(facts.parsed).toBe(false);
    expect(facts.findings).toHaveLength(1);
    expect(facts.findings[0]).toMatchObject({ rule: 'syntax-error', severity: 'critical' });
    expect(Math.abs((facts.findings[0]?.startLine ?? 0) - line)).toBeLessThanOrEqual(2);
  });

  test('SQL is judged by its own dialect', async () => {
    const code = 'INSERT OR REPLACE INTO t (a) VALUES (1);\nUPDATE t SET a = 2;\n';
    expect(await rulesIn('sql', code, { dialect: 'sqlite' })).toContain('update-all');
    expect(await rulesIn('sql', code, { dialect: 'postgres' })).toEqual(['syntax-error']);
  });

  test('SQL is never run and writes no file', async () => {
    const facts = await factsOf(
      buildAnalysed('sql', "ATTACH 'attached.db' AS other; VACUUM INTO 'copy.db'; SELECT 1;"),
    );
    expect(facts.analysed).toBe(true);
  });

  test('no comment and no text makes code look as if it checked its input', async () => {
    const plain = 'export function f(list) {\n  return list[0].name;\n}\n';
    const boasting = `// if (list.length === 0) throw new Error('checked');\n${plain.replace('.name', ".name + 'if (!list) return null'")}`;
    const [one, two] = await Promise.all([plain, boasting].map((code) => factsOf(buildAnalysed('javascript', code))));
    expect(two?.checksEdgeCases).toBe(one?.checksEdgeCases);
    expect(two?.findings.map(({ rule }) => rule)).toEqual(one?.findings.map(({ rule }) => rule));
  });

  test('every piece of advice fits into a review and has a hint without code', () => {
    for (const advice of Object.values(ADVICE).flatMap((rules) => Object.values(rules))) {
      expect(advice.explanation.length).toBeLessThan(500);
      expect(advice.hint.length).toBeLessThan(400);
      expect(advice.concept.length).toBeLessThanOrEqual(80);
      expect(advice.hint).not.toMatch(/[;{}]\s*$|=>|\breturn\b \w+\(/);
    }
  });
});

describe('anchors', () => {
  const snippet = fc.constantFrom(
    'for (let i = 0; i <= list.length; i++) {',
    'if (a == b) {',
    '}',
    'return list[0].x / list.length;',
    'const x = list.reduce((a, b) => a + b);',
    'def f(a, b=[]):',
    '    for x in a:',
    '        if x in b:',
    '            a.remove(x)',
    '    return a[0] / len(a)',
    'except:',
    '    pass',
    'SELECT *',
    'FROM a, b',
    'WHERE x = NULL',
    ';',
    'UPDATE t SET x = 1',
    'export function f(list: any) {',
    'enum E { A }',
    '# noqa',
    '/* x',
    '"""',
    "'",
    '`',
    '\t',
    '',
    '\r',
    '\u2028',
    '\u200b',
    '\u202e',
    '😀 = "é"',
    '\u001b]0;x',
    '(((((',
    'await f();',
  );
  const source = fc.tuple(
    fc.array(fc.oneof(snippet, fc.string({ maxLength: 30 })), { maxLength: 25 }),
    fc.constantFrom('\n', '\r\n', '\r'),
  );

  test('whatever the code is, findings lie in it and quote it', async () => {
    await fc.assert(
      fc.asyncProperty(
        source,
        fc.constantFrom(...LANGUAGES),
        fc.constantFrom('sqlite' as const, 'postgres' as const),
        async ([parts, end], language, dialect) => {
          const code = parts.join(end);
          const subject = buildAnalysed(language, code, { dialect: language === 'sql' ? dialect : null });
          const body = ReviewBody.parse(staticReview(subject, await factsOf(subject)));
          const lines = linesOf(code).map(visibleSource);
          for (const { startLine, endLine, quote } of body.findings) {
            expect(endLine).toBeGreaterThanOrEqual(startLine);
            expect(endLine).toBeLessThanOrEqual(lines.length);
            expect(
              lines
                .slice(startLine - 1, endLine)
                .join('\n')
                .startsWith(quote.replace(/…$/, '')),
            ).toBe(true);
            expect(quote.isWellFormed()).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('code that was not analysed gets a review that claims nothing about it', () => {
    const subject = buildAnalysed('python', 'x = 1\n');
    const facts = {
      analysed: false,
      parsed: true,
      findings: [],
      metrics: { lines: 1, functions: 0, maxComplexity: 0, maxNesting: 0, longestFunctionLines: 0 },
      hasQuadraticShape: false,
      checksEdgeCases: false,
      traits: [],
    };
    const body = staticReview(subject, facts);
    expect(body.findings).toEqual([]);
    expect(body.strengths).toEqual([]);
    expect(body.summary).toContain('could not be analysed');
    expect(body.scores.overall).toBeLessThanOrEqual(75);
  });
});
