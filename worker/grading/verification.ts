import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { Grade } from '../../shared/contracts/grade.contract.ts';

/** What was found out about an exercise version: whether its reference solution passes every test, and its starter does not. */
export type VerificationReport = {
  outcome: 'verified' | 'rejected';
  /** Why it was rejected, for the author. */
  reasons: string[];
  solution: Summary;
  starter: Summary;
};

type Summary = Pick<Grade, 'verdict' | 'score'> & {
  failed: { name: string; verdict: string; message: string | null }[];
};

/** Grades the solution and the starter as any submission, and judges the exercise by the result. */
export async function verify(
  definition: ExerciseDefinition,
  gradeCode: (code: string) => Promise<Grade>,
): Promise<VerificationReport> {
  const solution = await gradeCode(definition.solutionCode);
  const starter = await gradeCode(definition.starterCode);
  const reasons = [
    ...(solution.verdict === 'accepted' ? [] : [`The reference solution does not pass: ${solution.verdict}.`]),
    ...(starter.verdict === 'accepted' ? ['The starter code passes every test already.'] : []),
  ];
  return {
    outcome: reasons.length === 0 ? 'verified' : 'rejected',
    reasons,
    solution: summarise(solution),
    starter: summarise(starter),
  };
}

function summarise({ verdict, score, tests }: Grade): Summary {
  const failed = tests.filter((test) => test.verdict !== 'accepted');
  return {
    verdict,
    score,
    failed: failed.map(({ name, verdict: testVerdict, message }) => ({ name, verdict: testVerdict, message })),
  };
}
