import { pino } from 'pino';
import type { Language } from '../../shared/contracts/exercise.contract.ts';
import type { Grade } from '../../shared/contracts/grade.contract.ts';
import type { StaticFacts } from '../../worker/review/facts.ts';
import { analyseCode } from '../../worker/review/static-analysis/analyse-code.ts';
import type { ReviewSubject } from '../../worker/review/subject.ts';
import { buildTestResult } from './graded.ts';

/** What is reviewed in tests of static analysis; accepted, unless told otherwise. */
export function buildAnalysed(language: Language, code: string, overrides: Partial<ReviewSubject> = {}): ReviewSubject {
  const grade: Grade = {
    verdict: 'accepted',
    score: 100,
    fault: null,
    tests: [buildTestResult()],
    stdout: '',
    engine: 'test',
  };
  return {
    language,
    dialect: language === 'sql' ? 'sqlite' : null,
    entrypoint: 'main',
    code,
    exercise: { versionId: 'version', title: 'An exercise', description: 'Do it.', starterCode: '', solutionCode: '' },
    grade,
    ...overrides,
  };
}

/** Facts found in this thread, without a pool. */
export async function factsOf({ language, dialect, code, exercise }: ReviewSubject): Promise<StaticFacts> {
  return analyseCode({ language, dialect, code, starterCode: exercise.starterCode });
}

export async function rulesIn(
  language: Language,
  code: string,
  overrides: Partial<ReviewSubject> = {},
): Promise<string[]> {
  const { findings } = await factsOf(buildAnalysed(language, code, overrides));
  return findings.map(({ rule }) => rule);
}

export const silentLog = pino({ level: 'silent' });
