import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { Grade, TestResult } from '../../shared/contracts/grade.contract.ts';
import type { VerificationReport } from '../../shared/contracts/verification.contract.ts';

/** Grades the solution and the starter as any submission, and judges the exercise by the result. */
export async function verify(
  definition: ExerciseDefinition,
  gradeCode: (code: string) => Promise<Grade>,
): Promise<VerificationReport> {
  const solution = await gradeCode(definition.solutionCode);
  const starter = await gradeCode(definition.starterCode);
  const reasons = [
    ...reasonsAgainst(solution),
    ...(starter.verdict === 'accepted' ? ['The starter code passes every test already.'] : []),
  ];
  return {
    outcome: reasons.length === 0 ? 'verified' : 'rejected',
    reasons,
    solution: summarise(solution),
    starter: summarise(starter),
  };
}

/** One line for each test that the reference solution fails, so that an author need not search. */
function reasonsAgainst(grade: Grade): string[] {
  if (grade.verdict === 'accepted') return [];
  const failed = failedTests(grade);
  return [
    `The reference solution does not pass: ${grade.verdict}, ${failed.length} of ${grade.tests.length} tests fail.`,
    ...failed.map(
      ({ name, verdict: found, message }) => `Test "${name}": ${found}${message === null ? '' : `: ${message}`}`,
    ),
  ];
}

/** What a suite skips of itself, with weight 0, fails nobody. */
function failedTests({ tests }: Grade): TestResult[] {
  return tests.filter(({ verdict, weight }) => verdict !== 'accepted' && !(verdict === 'skipped' && weight === 0));
}

function summarise(grade: Grade): VerificationReport['solution'] {
  return {
    verdict: grade.verdict,
    score: grade.score,
    failed: failedTests(grade).map(({ name, verdict: testVerdict, message }) => ({
      name,
      verdict: testVerdict,
      message,
    })),
  };
}
