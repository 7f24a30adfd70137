import { z } from 'zod';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';

/**
 * Acts as the web frontend, over HTTP only: registers, finds a course and an exercise, submits a right, a wrong, an endless and a
 * crashing solution, polls for the results. Against a running platform: `node test/e2e/frontend-journey.ts [base URL]`.
 */

const Page = z.object({ items: z.array(z.object({ id: z.string(), slug: z.string().nullable() })) });
const Course = z.object({
  modules: z.array(
    z.object({ exercises: z.array(z.object({ id: z.string(), slug: z.string(), solved: z.boolean() })) }),
  ),
});
const Exercise = z.object({
  id: z.string(),
  entrypoint: z.string(),
  tests: z.array(z.object({ function: z.string() })).min(1),
});
const Submission = z.object({
  id: z.string(),
  status: z.string(),
  verdict: z.string().nullable(),
  score: z.number().nullable(),
  fault: z.string().nullable(),
  tests: z.array(z.object({ name: z.string(), verdict: z.string(), message: z.string().nullable() })),
});
export type SubmissionBody = z.infer<typeof Submission>;

export interface Journey {
  accepted: SubmissionBody;
  wrong: SubmissionBody;
  endless: SubmissionBody;
  crashing: SubmissionBody;
  /** Whether the course shows the exercise as solved afterwards. */
  solved: boolean;
}

const COURSE = 'skerry-post';
const EXERCISE = 'label-reader';

/** Goes through the whole journey. `solution` is a right solution of the sample exercise. */
export async function travel(baseUrl: string, solution: string): Promise<Journey> {
  const { client } = await new Client(baseUrl).registerLearner();
  const courses = Page.parse((await client.get('/api/v1/courses')).body);
  const courseId = courses.items.find((course) => course.slug === COURSE)?.id ?? '';
  const exerciseId = (await readCourse(client, courseId)).find((exercise) => exercise.slug === EXERCISE)?.id ?? '';
  const exercise = Exercise.parse((await client.get(`/api/v1/exercises/${exerciseId}`)).body);
  const name = exercise.tests[0]?.function ?? '';

  const accepted = await submitAndWait(client, exerciseId, solution);
  const wrong = await submitAndWait(client, exerciseId, `export function ${name}() { return 'certainly not'; }`);
  const endless = await submitAndWait(client, exerciseId, `export function ${name}() { for (;;); }`);
  const crashing = await submitAndWait(
    client,
    exerciseId,
    `export function ${name}() { throw new Error('ran aground'); }`,
  );
  const solved = (await readCourse(client, courseId)).some((shown) => shown.id === exerciseId && shown.solved);
  return { accepted, wrong, endless, crashing, solved };
}

async function readCourse(client: Client, courseId: string) {
  const course = Course.parse((await client.get(`/api/v1/courses/${courseId}`)).body);
  return course.modules.flatMap((module) => module.exercises);
}

/** Submits and polls as the answer advises, until the platform is done with it. */
async function submitAndWait(client: Client, exerciseId: string, code: string): Promise<SubmissionBody> {
  const accepted = await client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code });
  if (accepted.status !== 202) throw new Error(`Submitting answered ${accepted.status}: ${accepted.text}`);
  return waitForResult(client, accepted.headers.get('location') ?? '');
}

async function waitForResult(client: Client, location: string, timeoutMs = 60_000): Promise<SubmissionBody> {
  return eventually(
    `${location} is finished`,
    async () => {
      const submission = Submission.parse((await client.get(location)).body);
      return ['queued', 'running'].includes(submission.status) ? null : submission;
    },
    timeoutMs,
  );
}
