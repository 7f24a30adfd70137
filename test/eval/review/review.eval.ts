import { pino } from 'pino';
import type { StaticFacts } from '../../../worker/review/facts.ts';
import { openStaticAnalysis } from '../../../worker/review/static-analysis/static-analysis.ts';
import { staticReview } from '../../../worker/review/static-analysis/static-review.ts';
import { readLabelledSet, type LabelledProgram } from './labelled-set.ts';
import { openLiveReviewer, type LiveReviewer } from './live.ts';
import { figuresOf, measure, type Measured } from './measure.ts';

/** How good reviews are, on programs with labels: `npm run eval:review`. Static review always, a language model when one is configured. */

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const TARGETS = { precision: 0.7, recall: 0.5 } as const;
const TIMED_ROUNDS = 3;

const programs = await readLabelledSet();
const analysis = openStaticAnalysis({ log: pino({ level: 'warn' }) });
try {
  const facts = new Map<LabelledProgram, StaticFacts>();
  // The first round loads the parsers and is not timed.
  for (const program of programs)
    facts.set(program, await analysis.analyse(program.subject, new AbortController().signal));
  const factsOf = (program: LabelledProgram): StaticFacts => {
    const found = facts.get(program);
    if (found === undefined) throw new Error(`${program.name} was not analysed`);
    return found;
  };
  const isMet = report(
    'Static review',
    programs.map((program) => measure(program, staticReview(program.subject, factsOf(program)))),
  );
  await reportTimes();
  const live = openLiveReviewer(process.env);
  if (live === null) say('\nLanguage model: not run (no AI_API_KEY and no AI_BASE_URL is set)');
  else await evaluateLive(live, factsOf);
  if (!isMet) process.exitCode = 1;
} finally {
  await analysis.close();
}

/** Prints figures and misses; says whether the targets are met. */
function report(title: string, measured: readonly Measured[]): boolean {
  say(`\n${title}`);
  const parts = [
    ['all', measured],
    ['tuned on', measured.filter(({ program }) => !program.isHeldOut)],
    ['held out', measured.filter(({ program }) => program.isHeldOut)],
    ...(['javascript', 'typescript', 'python', 'sql'] as const).map(
      (language) => [language, measured.filter(({ program }) => program.subject.language === language)] as const,
    ),
  ] as const;
  for (const [name, part] of parts) {
    const {
      programs: count,
      defects,
      precision,
      recall,
      invalidAnchorRate,
      leakRate,
      cleanPrograms,
      falseAlarms,
    } = figuresOf(part);
    say(
      `  ${name.padEnd(11)} ${String(count).padStart(3)} programs, ${String(defects).padStart(3)} defects: precision ${percent(precision)}, recall ${percent(recall)}, ` +
        `invalid anchors ${percent(invalidAnchorRate)}, leaks ${percent(leakRate)}, grave findings about ${cleanPrograms} clean programs: ${falseAlarms}`,
    );
  }
  const misses = measured.filter(({ missed, unwanted }) => missed.length + unwanted.length > 0);
  // Who tunes the rules must not see what is held out, so it is shown only when asked for.
  const isShown = process.argv.includes('--held-out');
  for (const { program, missed, unwanted } of misses.filter((one) => isShown || !one.program.isHeldOut)) {
    say(`  ${program.name}`);
    for (const { startLine, category, text } of missed) say(`    missed    line ${startLine} ${category}: ${text}`);
    for (const { startLine, category, concept } of unwanted)
      say(`    unwanted  line ${startLine} ${category}: ${concept}`);
  }
  const { precision, recall, invalidAnchorRate, falseAlarms } = figuresOf(measured);
  return precision >= TARGETS.precision && recall >= TARGETS.recall && invalidAnchorRate === 0 && falseAlarms === 0;
}

async function reportTimes(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < TIMED_ROUNDS; round++) {
    for (const { subject } of programs) {
      const started = performance.now();
      staticReview(subject, await analysis.analyse(subject, new AbortController().signal));
      times.push(performance.now() - started);
    }
  }
  times.sort((left, right) => left - right);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  say(`  warm, one at a time: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms`);
}

async function evaluateLive(live: LiveReviewer, factsOf: (program: LabelledProgram) => StaticFacts): Promise<void> {
  const measured: Measured[] = [];
  const failures: string[] = [];
  let spentMicros = 0;
  for (const program of programs) {
    const answer = await live.review(program.subject, factsOf(program));
    spentMicros += answer.costMicros;
    if ('failed' in answer) failures.push(`${program.name}: ${answer.failed}`);
    else measured.push(measure(program, answer.body));
  }
  report(`Language model ${live.name}`, measured);
  say(`  cost ${(spentMicros / 1_000_000).toFixed(4)} USD, ${failures.length} of ${programs.length} without an answer`);
  for (const failure of failures) say(`    ${failure}`);
}
