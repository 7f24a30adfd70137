import { z } from 'zod';
import {
  AuthoredExerciseView,
  AuthoredModuleView,
  CourseChanges,
  ExerciseChanges,
  NewCourse,
  NewModule,
} from '../../shared/contracts/authoring.contract.ts';
import { CourseView } from '../../shared/contracts/course.contract.ts';
import { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { VerificationView } from '../../shared/contracts/verification.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { AUTHORS } from './authoring.policy.ts';
import { addModule, changeCourse, createCourse, publishDraft } from './course-authoring.service.ts';
import type { CourseDeps } from './course.service.ts';
import {
  addExercise,
  changeExercise,
  getExerciseVerification,
  repeatVerification,
  type ExerciseAuthoringDeps,
} from './exercise-authoring.service.ts';

const params = z.object({ id: Id });
const writing = { policy: AUTHORS, rate: 'write', cache: 'no-store', errors: ['CONFLICT'] } as const;

/** An exercise with its tests and files can be long, and the rows that a query has to give are many values. */
const exerciseLimits = { bodyLimitKb: 1024, bodyLimitValues: 100_000 } as const;

/** Advice to who polls, as long as there is something to wait for. */
const pollAdvice = (pending: boolean): Record<string, string> => (pending ? { 'Retry-After': '1' } : {});

export const authoringRoutes = (deps: CourseDeps & ExerciseAuthoringDeps): Route[] => [
  defineRoute({
    ...writing,
    method: 'post',
    path: '/courses',
    summary: 'Start a course: a draft that only its author sees',
    tag: 'Courses',
    status: 201,
    body: NewCourse,
    idempotent: true,
    response: CourseView,
    headers: ({ id }) => ({ Location: `/api/v1/courses/${id}` }),
    handler: ({ actor, body, request }) => createCourse(deps, actor, body, request),
  }),
  defineRoute({
    ...writing,
    method: 'patch',
    path: '/courses/:id',
    summary: 'Change the texts and settings of a course of mine',
    tag: 'Courses',
    params,
    body: CourseChanges,
    response: CourseView,
    handler: ({ actor, params: { id }, body }) => changeCourse(deps, actor, id, body),
  }),
  defineRoute({
    ...writing,
    method: 'post',
    path: '/courses/:id/publish',
    summary: 'Open a draft to learners, once every exercise of it is verified',
    tag: 'Courses',
    params,
    response: CourseView,
    handler: ({ actor, params: { id } }) => publishDraft(deps, actor, id),
  }),
  defineRoute({
    ...writing,
    method: 'post',
    path: '/courses/:id/modules',
    summary: 'Add a module to a course of mine',
    tag: 'Courses',
    status: 201,
    params,
    body: NewModule,
    idempotent: true,
    response: AuthoredModuleView,
    headers: ({ courseId }) => ({ Location: `/api/v1/courses/${courseId}` }),
    handler: ({ actor, params: { id }, body, request }) => addModule(deps, actor, id, body, request),
  }),
  defineRoute({
    ...writing,
    method: 'post',
    path: '/modules/:id/exercises',
    summary: 'Add an exercise to a module of mine; its verification starts at once',
    tag: 'Exercises',
    status: 201,
    params,
    body: ExerciseDefinition,
    ...exerciseLimits,
    idempotent: true,
    response: AuthoredExerciseView,
    headers: ({ id }) => ({ Location: `/api/v1/exercises/${id}` }),
    handler: ({ actor, params: { id }, body, request }) => addExercise(deps, actor, id, body, request),
  }),
  defineRoute({
    ...writing,
    method: 'patch',
    path: '/exercises/:id',
    summary: 'Change an exercise of mine: a new version, which learners meet once it is verified',
    tag: 'Exercises',
    params,
    body: ExerciseChanges,
    ...exerciseLimits,
    response: AuthoredExerciseView,
    handler: ({ actor, params: { id }, body }) => changeExercise(deps, actor, id, body),
  }),
  defineRoute({
    method: 'get',
    path: '/exercises/:id/verification',
    summary: 'Whether the platform found that the exercise works; for its author with a report',
    tag: 'Exercises',
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    response: VerificationView,
    headers: ({ status, failure }) => pollAdvice(status === 'pending' && failure === null),
    handler: ({ actor, params: { id } }) => getExerciseVerification(deps, actor, id),
  }),
  defineRoute({
    ...writing,
    method: 'post',
    path: '/exercises/:id/verification',
    summary: 'Have a rejected version verified once more, or one that the platform failed at',
    tag: 'Exercises',
    status: 202,
    params,
    response: VerificationView,
    headers: ({ exerciseId }) => ({ Location: `/api/v1/exercises/${exerciseId}/verification`, 'Retry-After': '1' }),
    handler: ({ actor, params: { id } }) => repeatVerification(deps, actor, id),
  }),
];
