import type { Grade } from '../../../shared/contracts/grade.contract.ts';
import type { Finding, ReviewBody } from '../../../shared/contracts/review.contract.ts';
import type { CodeTrait, StaticFacts, StaticFinding } from '../facts.ts';
import { clipped } from '../sanitise.ts';
import { scoreReview } from '../scoring.ts';
import type { ReviewSubject } from '../subject.ts';

const MOST = { findings: 5, minorFindings: 3, strengths: 3, followUps: 2 } as const;
const CHARS = { summary: 1200, sentence: 300 } as const;

/** The review that needs nobody's help: what tests and static analysis show, in words. */
export function staticReview(subject: ReviewSubject, facts: StaticFacts): ReviewBody {
  const findings = shown(facts.findings);
  return {
    scores: scoreReview({ failures: [] }, subject, facts),
    summary: clipped([opening(subject.grade), reading(subject, facts, findings)].join(' '), CHARS.summary),
    strengths: strengthsOf(subject, facts),
    findings: findings.map(toFinding),
    followUps: followUpsOf(subject, facts, findings),
  };
}

/** The most useful ones; small things only as long as they do not drown the others. */
function shown(findings: readonly StaticFinding[]): StaticFinding[] {
  const minor = findings.filter(({ severity }) => severity === 'minor').slice(0, MOST.minorFindings);
  return findings.filter((finding) => finding.severity !== 'minor' || minor.includes(finding)).slice(0, MOST.findings);
}

function toFinding({
  category,
  severity,
  startLine,
  endLine,
  quote,
  explanation,
  hint,
  concept,
}: StaticFinding): Finding {
  return { category, severity, startLine, endLine, quote, explanation, hint, concept };
}

/** How the tests went, in a sentence. Of hidden tests nothing is told but how many. */
function opening({ verdict, tests }: Grade): string {
  const counted = tests.filter((test) => test.verdict !== 'skipped');
  const failed = counted.filter((test) => test.verdict !== 'accepted');
  const passed = counted.length - failed.length;
  switch (verdict) {
    case 'accepted':
      return passed === 0 ? 'The code was accepted.' : `The code passes ${allOf(counted)}.`;
    case 'compile_error':
      return 'The code cannot be run yet, so no test says anything about the idea behind it.';
    case 'time_limit':
      return `The code gives right answers to ${passed} of ${counted.length} tests, but it runs out of time in ${some(failed)}.`;
    case 'memory_limit':
    case 'output_limit':
      return `The code passes ${passed} of ${counted.length} tests and goes beyond a limit in ${some(failed)}.`;
    case 'runtime_error':
      return `The code passes ${passed} of ${counted.length} tests and stops with an error in ${some(failed)}.`;
    case 'invalid_submission':
      return 'The tests did not find what they were to call, so they could not try the code.';
    case 'security_violation':
      return 'The code was stopped because it tried something that learner code may not do.';
    case 'partial':
    case 'wrong_answer':
      return onlyHidden(failed)
        ? `The code passes every test you can see, but not all of the hidden ones (${passed} of ${counted.length} in all): the idea works, and some kind of input was not thought of.`
        : `The code passes ${passed} of ${counted.length} tests.`;
  }
}

function allOf(tests: Grade['tests']): string {
  if (tests.length === 1) return 'its test';
  const isHidden = tests.some(({ visibility }) => visibility !== 'always');
  return `all ${tests.length} tests${isHidden ? ', the hidden ones too' : ''}`;
}

const some = (tests: Grade['tests']): string => (tests.length === 1 ? 'one of them' : `${tests.length} of them`);

function onlyHidden(failed: Grade['tests']): boolean {
  return failed.length > 0 && failed.every(({ visibility }) => visibility !== 'always');
}

/** What reading the code showed. */
function reading(subject: ReviewSubject, facts: StaticFacts, findings: readonly StaticFinding[]): string {
  if (!facts.analysed) return 'It could not be analysed this time, so nothing is said about how it is written.';
  const [first, second] = findings;
  const isAccepted = subject.grade.verdict === 'accepted';
  if (first === undefined) {
    if (isAccepted)
      return `Looking for defects, wasted work and forgotten cases turned up nothing. ${shapeOf(subject, facts)}`;
    return 'No typical mistake stands out in it, so the reason is in the logic: take the smallest input that fails and follow it through by hand.';
  }
  const lead = likelyReason(subject.grade, findings);
  if (lead !== null)
    return `The likeliest reason for what fails is ${placed(lead)}.${alsoWorth(findings.filter((finding) => finding !== lead))}`;
  if (!isAccepted) {
    return `Nothing stands out that must make tests fail, so follow the smallest failing input through by hand. On the way, look at ${placed(first)}${second === undefined ? '' : ` and at ${placed(second)}`}.`;
  }
  if (findings.every(({ severity }) => severity === 'minor'))
    return `It is sound; what is left to polish is ${together(findings)}.${findings.length > 2 ? ' The other remarks are smaller still.' : ''}`;
  return `What deserves your attention most is ${placed(first)}.${alsoWorth(findings.slice(1))}`;
}

/** The finding that best explains why tests fail, where there is one. */
function likelyReason({ verdict }: Grade, findings: readonly StaticFinding[]): StaticFinding | null {
  const grave = findings.filter(({ severity }) => severity !== 'minor');
  const inCategory = (...categories: Finding['category'][]) =>
    grave.find(({ category }) => categories.includes(category)) ?? null;
  switch (verdict) {
    case 'time_limit':
    case 'memory_limit':
      return inCategory('efficiency');
    case 'compile_error':
      return inCategory('codeSense');
    case 'accepted':
    case 'security_violation':
    case 'invalid_submission':
      return null;
    case 'partial':
    case 'wrong_answer':
    case 'runtime_error':
    case 'output_limit':
      return inCategory('edgeCases', 'codeSense') ?? grave.find(({ severity }) => severity === 'critical') ?? null;
  }
}

function placed({ gist, startLine, endLine }: StaticFinding): string {
  return `${gist} (${startLine === endLine ? `line ${startLine}` : `lines ${startLine}–${endLine}`})`;
}

function together(findings: readonly StaticFinding[]): string {
  const [first, ...others] = findings.slice(0, 2).map(placed);
  return [first, ...others].join(' and ');
}

function alsoWorth(findings: readonly StaticFinding[]): string {
  const [next] = findings;
  return next === undefined ? ' Apart from that, nothing stood out.' : ` After that, look at ${placed(next)}.`;
}

/** A true sentence about code without findings. */
function shapeOf({ language }: ReviewSubject, { metrics }: StaticFacts): string {
  if (language === 'sql')
    return metrics.maxNesting > 0
      ? 'The query is read from the inside out without trouble.'
      : 'The query says what it wants in one piece.';
  if (metrics.maxComplexity <= 2) return 'It goes straight to its answer, with hardly a branch on the way.';
  if (metrics.maxNesting <= 2)
    return `Its ${metrics.maxComplexity} ways through stay flat and can be read from top to bottom.`;
  return `It has ${metrics.maxComplexity} ways through its longest decision, which is still easy to follow.`;
}

const STRENGTHS: Record<CodeTrait, (facts: StaticFacts, language: ReviewSubject['language']) => string> = {
  memoised: () => 'Answers that were found once are kept and not computed again.',
  hash_lookup: (_, language) =>
    language === 'python'
      ? 'A set or dict answers lookups at once, in place of searching through a list.'
      : 'A Map or Set answers lookups at once, in place of searching through a list.',
  concurrent_waits: () =>
    'Questions that do not depend on each other are asked together, so their waiting times do not add up.',
  linear_loops: () =>
    'No loop hides inside another, and no search inside a loop: the work grows in step with the input.',
  guard_clause: () => 'The special case is answered first and left behind, so the main path stays flat.',
  raises_errors: () => 'Wrong input is answered with an error the caller can see, not with a made-up value.',
  small_functions: ({ metrics }) =>
    `The work is split into ${metrics.functions} functions of at most ${metrics.longestFunctionLines} lines.`,
  named_constants: () => 'Fixed values have names that say what they mean.',
  common_table_expression: () => 'The steps of the query have names, so that it can be read from top to bottom.',
  explicit_joins: () => 'Each join says on what it joins, right where it happens.',
  named_columns: () => 'The query names the columns it wants and returns no others.',
};
const TRAITS_BY_WORTH = Object.keys(STRENGTHS) as CodeTrait[];

function strengthsOf({ grade, language }: ReviewSubject, facts: StaticFacts): string[] {
  const wasSlow = grade.verdict === 'time_limit' || grade.verdict === 'memory_limit';
  return TRAITS_BY_WORTH.filter((trait) => facts.traits.includes(trait) && !(wasSlow && trait === 'linear_loops'))
    .slice(0, MOST.strengths)
    .map((trait) => clipped(STRENGTHS[trait](facts, language), CHARS.sentence));
}

function followUpsOf(
  { grade, language }: ReviewSubject,
  facts: StaticFacts,
  findings: readonly StaticFinding[],
): string[] {
  const asked = findings.flatMap(({ followUp }) => followUp ?? []);
  if (grade.verdict !== 'accepted') return asked.slice(0, MOST.followUps);
  const general = language === 'sql' ? generalAboutQueries() : generalAboutPrograms(facts);
  return [...asked, ...general].slice(
    0,
    asked.length > 0 ? Math.max(1, Math.min(asked.length, MOST.followUps)) : MOST.followUps,
  );
}

function generalAboutQueries(): string[] {
  return [
    'Which rows would make this query answer something surprising: NULLs, ties, none at all?',
    'Which index would this query be glad of, and how could you find out?',
  ];
}

function generalAboutPrograms({ checksEdgeCases, traits }: StaticFacts): string[] {
  return [
    checksEdgeCases
      ? 'You thought of special input. Which one is left that no test tries?'
      : 'What does this code do with the smallest input there is, and is that what a caller would want?',
    traits.includes('linear_loops')
      ? 'How much memory does it need besides its input, and does that grow with the input?'
      : 'If the input were a thousand times larger, which line would you look at first?',
  ];
}
