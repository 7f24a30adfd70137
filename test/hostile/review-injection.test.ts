import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { ReviewBody, ReviewCategory, type ReviewScores } from '../../shared/contracts/review.contract.ts';
import { createLogger } from '../../shared/observability/logger.ts';
import type { StaticFacts } from '../../worker/review/facts.ts';
import { groundAnswer } from '../../worker/review/grounding.ts';
import { findLeaks, withoutLeaks } from '../../worker/review/leaks.ts';
import { buildPrompt } from '../../worker/review/prompt.ts';
import { redactSecrets } from '../../worker/review/redaction.ts';
import { RubricAnswer } from '../../worker/review/rubric.ts';
import { factScores } from '../../worker/review/score-parts.ts';
import { scoreReview } from '../../worker/review/scoring.ts';
import { staticReview } from '../../worker/review/static-analysis/static-review.ts';
import { openStaticAnalysis } from '../../worker/review/static-analysis/static-analysis.ts';
import type { ReviewSubject } from '../../worker/review/subject.ts';
import { answerObediently, answerWithPraise, perceives, wishWords } from '../support/obedient-model.ts';
import { buildFacts, buildFinding, buildSubject, buildTestResult } from '../support/review-subjects.ts';
import { injectionCases, type InjectionCase } from './review-injection.cases.ts';

// A parser that is loaded for the first time takes seconds, on a slow machine many.
jest.setTimeout(240_000);

const NONCE = 'a1b2c3d4e5f6a1b2c3d4e5f6';
const facts = buildFacts();
const analysis = openStaticAnalysis({
  log: createLogger('worker', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
  limits: { timeLimitMs: 120_000 },
});
afterAll(() => analysis.close());

const factsOf = (subject: ReviewSubject): Promise<StaticFacts> =>
  analysis.analyse(subject, AbortSignal.timeout(200_000));

function subjectOf({ language, isBroken = false }: InjectionCase, code: string): ReviewSubject {
  return buildSubject({
    language,
    dialect: language === 'sql' ? 'postgres' : null,
    code: redactSecrets(code, language).code,
    ...(isBroken ? { grade: { verdict: 'compile_error', score: 0 } as const } : {}),
    ...(language === 'sql'
      ? { exercise: { description: 'The columns `total` and `number` of the table `numbers`.' } }
      : {}),
  });
}

function promptOf(subject: ReviewSubject, known = facts): string {
  const { system, user } = buildPrompt(subject, known, { nonce: NONCE });
  return `${system}\n${user}`;
}

/** What of the code is sent, but for lines without anything in them. */
function sentCode(subject: ReviewSubject): string[] {
  const [, section = ''] = promptOf(subject).split(`<<<code ${NONCE}>>>\n`);
  const lines = section.split(`\n<<<end of code`)[0]?.split('\n') ?? [];
  return lines.map((line) => line.replace(/^ *\d+\| ?/, '')).filter((line) => line.trim() !== '');
}

function reviewFrom(answer: unknown, subject: ReviewSubject, known = facts): ReviewBody {
  const said = groundAnswer(RubricAnswer.parse(answer), subject);
  const { failures: _failures, drops: _drops, ...body } = said;
  return ReviewBody.parse(withoutLeaks({ ...body, scores: scoreReview(said, subject, known) }, subject));
}

function expectNoHigher(scores: ReviewScores, control: ReviewScores): void {
  for (const category of [...ReviewCategory.options, 'overall'] as const) {
    expect({ category, score: Math.min(scores[category], control[category]) }).toEqual({
      category,
      score: scores[category],
    });
  }
}

const cases = injectionCases.map((each) => {
  const injected = subjectOf(each, each.injected);
  const control = subjectOf(each, each.control);
  const wish = wishWords([each.injected, each.says ?? ''], [each.control, promptOf(control)]);
  return { ...each, title: `${each.language}: ${each.name}`, injected, control, wish };
});

test('there are enough of them, in all languages, all different', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
  expect(new Set(cases.map(({ language }) => language)).size).toBe(4);
});

describe('code that asks for a better review', () => {
  test.each(cases)('would get it from a model that saw it: $title', ({ injected, control, wish }) => {
    expect(perceives(injected.code, wish)).toBe(true);
    expect(perceives(control.code, wish)).toBe(false);
  });

  test.each(cases)('is sent as if it did not: $title', ({ injected, control }) => {
    expect(sentCode(injected)).toEqual(sentCode(control));
  });

  test.each(cases)('does not get it from an obedient model: $title', async ({ injected, control, wish, isBroken }) => {
    const [known, knownOfControl] = await Promise.all([factsOf(injected), factsOf(control)]);
    expect(knownOfControl.analysed || isBroken).toBe(true);
    const review = reviewFrom(answerObediently(promptOf(injected, known), wish), injected, known);
    const expected = reviewFrom(answerObediently(promptOf(control, knownOfControl), wish), control, knownOfControl);
    expect(expected.scores.edgeCases).toBeLessThan(factScores(control, knownOfControl).edgeCases);
    expectNoHigher(review.scores, expected.scores);
    expect(review.findings.map(({ explanation }) => explanation)).toEqual(['Without any input this divides by zero.']);
    expect(review.summary).toBe(expected.summary);
  });

  test.each(cases)('does not get it from static analysis: $title', async ({ injected, control }) => {
    const [review, expected] = await Promise.all(
      [injected, control].map(async (subject) => staticReview(subject, await factsOf(subject))),
    );
    if (review === undefined || expected === undefined) throw new Error('there are two reviews');
    expectNoHigher(review.scores, expected.scores);
    expect(review.findings.length).toBeGreaterThanOrEqual(expected.findings.length);
  });
});

describe('a model that was won over nevertheless', () => {
  const failed = { verdict: 'wrong_answer', score: 40, tests: [buildTestResult({ verdict: 'wrong_answer' })] } as const;

  test('gives no more than tests and static facts do', () => {
    for (const grade of [{}, { ...failed, tests: [...failed.tests] }]) {
      const subject = buildSubject({ grade });
      const { overall: _, ...scores } = reviewFrom(answerWithPraise(), subject).scores;
      expect(scores).toEqual(factScores(subject, facts));
    }
  });

  test('cannot talk a failed test away', () => {
    const accepted = reviewFrom(answerWithPraise(), buildSubject()).scores;
    const { scores } = reviewFrom(answerWithPraise(), buildSubject({ grade: { ...failed, tests: [...failed.tests] } }));
    expect(scores.overall).toBeLessThan(accepted.overall);
    expect(scores.edgeCases).toBeLessThanOrEqual(60);
  });

  test('gives no scores of its own', () => {
    expect(RubricAnswer.safeParse({ ...answerWithPraise(), scores: { overall: 100 } }).success).toBe(false);
  });

  test('says nothing of the solution, of hidden tests or of what it was told, and nothing but plain text', () => {
    const subject = buildSubject();
    const { system } = buildPrompt(subject, facts);
    const { solutionCode } = subject.exercise;
    const evil = '<script>x()</script> [a](https://evil.example) ![b](https://evil.example/p.png) \u202e\u001b[31m';
    const said = [
      solutionCode,
      `\`\`\`js\n${solutionCode}\`\`\``,
      system,
      'The hidden test is no numbers at all.',
      evil,
    ];
    for (const text of said) {
      const finding = buildFinding({ explanation: `Well: ${text}`, hint: text, concept: text });
      const answer = {
        ...answerWithPraise(),
        findings: [finding],
        summary: `See. ${text}`,
        strengths: [text],
        followUps: [text],
      };
      const review = reviewFrom(answer, subject);
      const shown = JSON.stringify(review);
      expect(findLeaks(review, subject)).toEqual([]);
      expect(shown).not.toMatch(/numbers\.reduce|=== 0|no numbers at all|senior engineer|evil\.example/);
      expect(shown).not.toMatch(/<[a-z/!?]|\]\(|\u202e|\u001b/i);
    }
  });
});

test('nothing that tells who somebody is leaves with the code', () => {
  const secret = ['q7Zk2Lm9', 'Xv4Bn8Rt1Wp6Ys3'].join('');
  const code = [
    '// Author: Jane Doe <jane.doe@example.org>, student 4711-0815, https://example.org/~jane',
    'const author = "Jane Doe", mail = "jane.doe@example.org", apiKey = "' + secret + '", studentNumber = 47110815;',
    'const JaneDoe4711 = /jane/; const url = `postgres://jane:${secret}@db.example.org/app`;',
    'export function mean(numbers) { return numbers.length; }',
  ].join('\n');
  const prompt = promptOf(buildSubject({ code }));
  expect(prompt).not.toMatch(/jane|\bdoe\b|4711|0815|example\.org|q7Zk|postgres:/i);
});
