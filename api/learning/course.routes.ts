import { z } from 'zod';
import { PageQuery, pageOf } from '../../shared/contracts/common.contract.ts';
import { CourseSummary, CourseView, EnrollmentView } from '../../shared/contracts/course.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { enrollInCourse, getCourse, listCourses, type CourseDeps } from './course.service.ts';

const tag = 'Courses';
const params = z.object({ id: Id });

export const courseRoutes = (deps: CourseDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/catalog',
    summary: 'The published courses',
    tag,
    policy: 'public',
    rate: 'read',
    cache: 'public',
    query: PageQuery,
    response: pageOf(CourseSummary),
    handler: ({ query }) => listCourses(deps, null, query),
  }),
  defineRoute({
    method: 'get',
    path: '/courses',
    summary: 'The courses I can learn from: published ones and my own, with my progress',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    query: PageQuery,
    response: pageOf(CourseSummary),
    handler: ({ actor, query }) => listCourses(deps, actor, query),
  }),
  defineRoute({
    method: 'get',
    path: '/courses/:id',
    summary: 'A course with its modules and exercises',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    response: CourseView,
    handler: ({ actor, params: { id } }) => getCourse(deps, actor, id),
  }),
  defineRoute({
    method: 'post',
    path: '/courses/:id/enroll',
    summary: 'Enrol in a course; a second time changes nothing',
    tag,
    policy: 'authenticated',
    rate: 'write',
    cache: 'no-store',
    params,
    response: EnrollmentView,
    handler: ({ actor, params: { id } }) => enrollInCourse(deps, actor, id),
  }),
];
