import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { ReviewBody } from '../../shared/contracts/review.contract.ts';
import { groundAnswer } from '../../worker/review/grounding.ts';
import { RUBRIC, RubricAnswer, type Judgement } from '../../worker/review/rubric.ts';
import { allHolds, buildAnswer, buildFinding, buildSubject } from '../support/review-subjects.ts';

const ground = (overrides: Parameters<typeof buildAnswer>[0], subject = buildSubject()) =>
  groundAnswer(buildAnswer(overrides), subject);
const placesOf = (finding: Parameters<typeof buildFinding>[0]) =>
  ground({ findings: [buildFinding(finding)] }).findings.map(({ startLine, endLine }) => [startLine, endLine]);

describe('a finding', () => {
  test('whose quote stands in the named lines is kept, with what stands there', () => {
    const [finding] = ground({ findings: [buildFinding({ quote: 'total/numbers . length' })] }).findings;
    expect(finding).toMatchObject({ startLine: 4, endLine: 4, quote: '  return total / numbers.length;' });
  });

  test('may quote over lines, with the numbers that were shown', () => {
    const quote = '2|   let total = 0;\n3|   for (const number of numbers) total += number;';
    expect(placesOf({ startLine: 2, endLine: 3, quote })).toEqual([[2, 3]]);
  });

  test('about other lines moves to where its quote stands, if that is one place', () => {
    expect(placesOf({ startLine: 1, endLine: 2 })).toEqual([[4, 4]]);
    expect(placesOf({ startLine: 900, endLine: 901 })).toEqual([[4, 4]]);
    expect(placesOf({ startLine: 3, endLine: 4, quote: 'number' })).toEqual([[3, 4]]);
    expect(placesOf({ startLine: 900, endLine: 901, quote: 'number' })).toEqual([]);
  });

  test.each([
    ['invented', 'return total / 0;'],
    ['too short to say anything', '/'],
    ['only punctuation', ' ) { } ;'],
    ['empty', ''],
  ])('whose quote is %s is dropped', (_, quote) => {
    const { findings, drops } = ground({ findings: [buildFinding({ quote })] });
    expect({ findings, quote: drops.quote }).toEqual({ findings: [], quote: 1 });
  });

  test.each([
    [-3, 4],
    [4, 2],
    [0, 99_999],
    [3.5, 4.5],
    [1, Number.MAX_SAFE_INTEGER],
  ])('named as lines %d to %d stands where its quote does', (startLine, endLine) => {
    expect(placesOf({ startLine, endLine })).toEqual([[4, 4]]);
  });

  test('cannot be about a comment or a text', () => {
    const code =
      'export function mean(numbers) {\n  // this is perfect code\n  return "this is perfect code, too";\n}\n';
    const findings = ['this is perfect code', '// this is perfect code', '"this is perfect code, too"'].map((quote) =>
      buildFinding({ startLine: 2, endLine: 3, quote }),
    );
    expect(ground({ findings }, buildSubject({ code })).findings).toEqual([]);
  });

  test('gets the learner’s own names back, in its quote and in what it says', () => {
    const code =
      'export function mean(numbers) {\n  const gesamtsumme = numbers.reduce((s, x) => s + x);\n  return gesamtsumme;\n}';
    const finding = buildFinding({
      startLine: 3,
      endLine: 3,
      quote: 'return name1;',
      explanation: '`name1` is no mean, name2 is not there.',
    });
    expect(ground({ findings: [finding] }, buildSubject({ code })).findings[0]).toMatchObject({
      quote: '  return gesamtsumme;',
      explanation: '`gesamtsumme` is no mean, name2 is not there.',
    });
  });

  test('said twice is said once, and a sixth is too much', () => {
    const lines = Array.from({ length: 7 }, (_, index) => `  const total${index} = numbers[${index}];`);
    const subject = buildSubject({ code: lines.join('\n') });
    const findings = lines.map((quote, index) =>
      buildFinding({ startLine: index + 1, endLine: index + 1, quote, explanation: `Number ${index}.` }),
    );
    const [first] = findings;
    if (first === undefined) throw new Error('there are findings');
    const doubled = [
      first,
      { ...first, explanation: 'number 0' },
      { ...first, explanation: 'Said otherwise.' },
      ...findings.slice(1),
    ];
    const { findings: kept, drops } = ground({ findings: doubled }, subject);
    expect(kept.map(({ startLine }) => startLine)).toEqual([1, 2, 3, 4, 5]);
    expect(drops).toMatchObject({ duplicate: 2, excess: 2 });
  });
});

describe('a statement of the rubric', () => {
  const failing = (judgement: Partial<Judgement>) => {
    const rubric = allHolds();
    rubric.edgeCases.emptyInput = { holds: false, line: 4, quote: 'total / numbers.length', ...judgement };
    return ground({ rubric });
  };

  test('fails with a line that shows it', () => {
    expect(failing({}).failures).toEqual([{ category: 'edgeCases', item: 'emptyInput', line: 4 }]);
    expect(failing({ line: 77 }).failures).toEqual([{ category: 'edgeCases', item: 'emptyInput', line: 4 }]);
  });

  test('does not fail without one', () => {
    for (const quote of ['', 'numbers / 0', ';']) {
      expect(failing({ quote })).toMatchObject({ failures: [], drops: { evidence: 1 } });
    }
  });
});

test('sentences are limited, made plain, and not repeated', () => {
  const { strengths, followUps, summary, drops } = ground({
    strengths: ['One.', 'one', '<b></b>', 'Two <img src=x>.', 'Three.', 'Four.'],
    followUps: ['A?', 'B?', 'C?'],
    summary: '```js\n```',
  });
  expect(strengths).toEqual(['One.', 'Two .', 'Three.']);
  expect(followUps).toEqual(['A?', 'B?']);
  expect(summary).toBe('Nothing in this code stood out as a defect.');
  expect(drops).toMatchObject({ duplicate: 1, empty: 1, excess: 2 });
});

const anyJudgement = fc.record({ holds: fc.boolean(), line: fc.double(), quote: fc.string({ maxLength: 30 }) });
const anyRubric = fc.record(
  Object.fromEntries(
    Object.entries(RUBRIC).map(([category, items]) => [
      category,
      fc.record(Object.fromEntries(Object.keys(items).map((item) => [item, anyJudgement]))),
    ]),
  ),
);

test('whatever is answered, what is left keeps the contract and lies in the code', () => {
  const subject = buildSubject();
  const lines = subject.code.split('\n');
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('x'.repeat(5000), '<script>', 'name1', 'return total / numbers.length;'),
  );
  const finding = fc.record({
    category: fc.constantFrom('codeSense', 'efficiency', 'edgeCases', 'taste'),
    severity: fc.constantFrom('minor', 'major', 'critical'),
    startLine: fc.oneof(fc.double(), fc.integer({ min: 0, max: 6 })),
    endLine: fc.oneof(fc.double(), fc.integer({ min: 0, max: 6 })),
    quote: fc.constantFrom('return total / numbers.length;', 'total', 'let total = 0;\nfor', 'nothing'),
    explanation: text,
    hint: text,
    concept: text,
  });
  const answer = fc.record({
    rubric: anyRubric,
    findings: fc.array(finding),
    strengths: fc.array(text),
    summary: text,
    followUps: fc.array(text),
  });
  fc.assert(
    fc.property(answer, (said) => {
      const { failures, drops, ...body } = groundAnswer(said as unknown as RubricAnswer, subject);
      const scores = { codeSense: 0, efficiency: 0, edgeCases: 0, taste: 0, overall: 0 };
      for (const { startLine, endLine, quote } of ReviewBody.parse({ scores, ...body }).findings) {
        expect(endLine).toBeLessThanOrEqual(lines.length);
        expect(quote).toBe(lines.slice(startLine - 1, endLine).join('\n'));
      }
      expect(Object.values(drops).every((count) => count >= 0)).toBe(true);
      expect(failures.length).toBeLessThanOrEqual(16);
    }),
  );
});

test('an answer with anything more or less than was asked for is none', () => {
  const answer = buildAnswer();
  const { summary: _, ...withoutSummary } = answer;
  for (const wrong of [
    { ...answer, score: 100 },
    withoutSummary,
    { ...answer, rubric: { ...answer.rubric, taste: {} } },
    null,
    [],
  ]) {
    expect(RubricAnswer.safeParse(wrong).success).toBe(false);
  }
});
