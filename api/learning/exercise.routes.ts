import { z } from 'zod';
import { AuthoredExerciseView } from '../../shared/contracts/authoring.contract.ts';
import { ExerciseView } from '../../shared/contracts/course.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { getExercise, type ExerciseDeps } from './exercise.service.ts';

export const exerciseRoutes = (deps: ExerciseDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/exercises/:id',
    summary: 'An exercise: what to do, what to start from, the visible tests; for its author everything',
    tag: 'Exercises',
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params: z.object({ id: Id }),
    response: z.union([AuthoredExerciseView, ExerciseView]),
    handler: ({ actor, params }) => getExercise(deps, actor, params.id),
  }),
];
