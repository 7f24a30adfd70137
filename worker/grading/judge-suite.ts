import type { SuiteTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult } from '../../shared/contracts/grade.contract.ts';
import type { Outcome } from './sandbox/protocol.ts';
import type { ProgramRun } from './sandbox/run-program.ts';
import { notRun, testResult, type Judgement } from './test-result.ts';

/**
 * One result a case. The cases that are run share the suite's weight evenly; those that the suite skips weigh nothing. A suite that could
 * not be loaded is one result of the whole weight.
 */
export function judgeSuite(test: SuiteTest, { load, steps }: ProgramRun): TestResult[] {
  if (load === null) return [notRun(test, 'skipped', 'skipped: earlier tests used up the limits of this submission')];
  if (load.kind !== 'collected') return [testResult(test, loadFault(load), load)];
  const running = load.cases.filter((found) => found.runs).length;
  let next = 0;
  return load.cases.map(({ name, runs }) => {
    if (!runs) return notRun({ ...test, name, weight: 0 }, 'skipped', 'skipped by the suite');
    return judgeCase({ ...test, name, weight: test.weight / running }, steps[next++] ?? null);
  });
}

function judgeCase(test: SuiteTest, outcome: Outcome | null): TestResult {
  if (outcome === null) return notRun(test, 'skipped', 'skipped: earlier tests used up the limits of this submission');
  return testResult(test, judgementOf(outcome), outcome);
}

function judgementOf(outcome: Outcome): Judgement {
  switch (outcome.kind) {
    case 'passed':
      return { verdict: 'accepted', message: null };
    case 'failed':
      return { verdict: 'wrong_answer', message: outcome.message };
    case 'fault':
      return { verdict: outcome.verdict, message: outcome.message };
    case 'answer':
    case 'not_json':
    case 'loaded':
    case 'collected':
    case 'rows':
    case 'starved':
      throw new TypeError(`"${outcome.kind}" is no outcome of a case`);
  }
}

function loadFault(load: Outcome): Judgement {
  if (load.kind !== 'fault') throw new TypeError(`"${load.kind}" is no outcome of loading a suite`);
  const isLimit = load.verdict === 'time_limit' || load.verdict === 'memory_limit' || load.verdict === 'output_limit';
  return { verdict: load.verdict, message: isLimit ? `${load.message} while the file was loaded` : load.message };
}
