import { z } from 'zod';
import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { VerificationReport } from '../../shared/contracts/verification.contract.ts';
import type { Client } from './client.ts';
import { sumExercise } from './factories.ts';

export const NEW_COURSE = { title: 'Sums', description: 'All about adding.', metaCategory: 'Cognitive' } as const;

const WithId = z.object({ id: z.string() });

export interface AuthoredExercise {
  courseId: string;
  moduleId: string;
  exerciseId: string;
}

/** A draft with one module and one exercise, written over the API. */
export async function authorExercise(
  author: Client,
  definition: ExerciseDefinition = sumExercise(),
): Promise<AuthoredExercise> {
  const create = async (path: string, body: unknown): Promise<string> => {
    const answer = await author.post(path, body);
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return WithId.parse(answer.body).id;
  };
  const courseId = await create('/api/v1/courses', NEW_COURSE);
  const moduleId = await create(`/api/v1/courses/${courseId}/modules`, { title: 'First steps' });
  const exerciseId = await create(`/api/v1/modules/${moduleId}/exercises`, definition);
  return { courseId, moduleId, exerciseId };
}

/** What verification reports of an exercise that works. */
export const VERIFIED: VerificationReport = {
  outcome: 'verified',
  reasons: [],
  solution: { verdict: 'accepted', score: 100, failed: [] },
  starter: { verdict: 'wrong_answer', score: 0, failed: [] },
};
