import { z } from 'zod';
import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { SAMPLE_LIMITS, samples, type Outcome, type Samples } from '../support/runtime-samples.ts';

/** What a submission should have got, and what it got. */
export interface Step {
  exercise: string;
  outcome: Outcome;
  wanted: string;
  seen: string;
}

const VERDICT_OF: Record<Outcome, string> = {
  right: 'accepted',
  partly: 'partial',
  wrong: 'wrong_answer',
  slow: 'time_limit',
  crashing: 'runtime_error',
  uncompilable: 'compile_error',
};

const WithId = z.object({ id: z.string() });
const Verification = z.object({ status: z.string(), report: z.json().nullable() });
const Submission = z.object({
  id: z.string(),
  status: z.string(),
  verdict: z.string().nullable(),
  tests: z.array(z.object({ verdict: z.string() })),
});

/**
 * Acts as an instructor and a learner, over HTTP only: authors one exercise of each language and kind of test, waits for their verification,
 * publishes them, and submits right, partly right, wrong, slow, crashing and uncompilable code to each.
 *
 * @throws Error when something is not accepted, or an exercise is not verified.
 */
export async function gradeEveryLanguage(
  instructor: Client,
  learner: Client,
  tell: (step: Step) => void = () => undefined,
): Promise<Step[]> {
  const { id: courseId } = await create(instructor, '/api/v1/courses', {
    title: `Every language ${Date.now()}`,
    description: 'One exercise of each kind.',
    metaCategory: 'Cognitive',
  });
  const { id: moduleId } = await create(instructor, `/api/v1/courses/${courseId}/modules`, { title: 'All of them' });
  const exercises: { id: string; name: string; sources: Record<Outcome, string> }[] = [];
  for (const { name, definition, sources } of exercisesToAuthor()) {
    const { id } = await create(instructor, `/api/v1/modules/${moduleId}/exercises`, definition);
    exercises.push({ id, name, sources });
  }
  for (const { id, name } of exercises) await waitUntilVerified(instructor, id, name);
  const published = await instructor.post(`/api/v1/courses/${courseId}/publish`);
  if (published.status !== 200) throw new Error(`Publishing answered ${published.status}: ${published.text}`);
  const enrolled = await learner.post(`/api/v1/courses/${courseId}/enroll`);
  if (enrolled.status >= 300) throw new Error(`Enrolling answered ${enrolled.status}: ${enrolled.text}`);

  const steps: Step[] = [];
  for (const { id, name, sources } of exercises) {
    for (const [outcome, code] of Object.entries(sources) as [Outcome, string][]) {
      const { verdict, tests } = await submitAndWait(learner, id, code);
      // What is worst of several tests is one thing, what the slow one ran into another: some of the tests may be skipped.
      const seen = tests.some((test) => test.verdict === VERDICT_OF[outcome]) ? VERDICT_OF[outcome] : String(verdict);
      const step = {
        exercise: name,
        outcome,
        wanted: VERDICT_OF[outcome],
        seen: outcome === 'partly' ? String(verdict) : seen,
      };
      tell(step);
      steps.push(step);
    }
  }
  return steps;
}

function exercisesToAuthor(): { name: string; definition: unknown; sources: Record<Outcome, string> }[] {
  const chosen: [string, Samples][] = Object.entries(samples).filter(([name]) => name !== 'python-native');
  return chosen.flatMap(([name, { language, entrypoint, kinds }]) =>
    kinds.map(({ kind, tests, sources }, index) => {
      const label = `${name === 'python-wasi' ? 'python' : name} ${kind}`;
      const definition: Omit<z.input<typeof ExerciseDefinition>, 'tests'> & { tests: readonly object[] } = {
        slug: `${label.replace(' ', '-')}-${index}`,
        title: `Greatest common divisor, ${label}`,
        description: 'Find it.',
        language,
        difficulty: 'easy',
        entrypoint,
        starterCode: sources.wrong,
        solutionCode: sources.right,
        limits: SAMPLE_LIMITS,
        tests,
      };
      return { name: `${label} ${index}`, definition, sources };
    }),
  );
}

async function create(client: Client, path: string, body: unknown): Promise<z.infer<typeof WithId>> {
  const answer = await client.post(path, body);
  if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
  return WithId.parse(answer.body);
}

async function waitUntilVerified(instructor: Client, id: string, name: string): Promise<void> {
  const { status, report } = await eventually(
    `${name} is verified or rejected`,
    async () => {
      const read = Verification.parse((await instructor.get(`/api/v1/exercises/${id}/verification`)).body);
      return read.status === 'pending' ? null : read;
    },
    120_000,
  );
  if (status !== 'verified') throw new Error(`${name} is ${status}: ${JSON.stringify(report)}`);
}

async function submitAndWait(learner: Client, exerciseId: string, code: string): Promise<z.infer<typeof Submission>> {
  const accepted = await learner.post(`/api/v1/exercises/${exerciseId}/submissions`, { code });
  if (accepted.status !== 202) throw new Error(`Submitting answered ${accepted.status}: ${accepted.text}`);
  const location = accepted.headers.get('location') ?? '';
  return eventually(
    `${location} is finished`,
    async () => {
      const read = Submission.parse((await learner.get(`${location}?wait=20`)).body);
      return ['queued', 'running'].includes(read.status) ? null : read;
    },
    120_000,
  );
}
