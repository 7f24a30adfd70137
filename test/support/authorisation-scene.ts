import type { Role } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { DatabasePool } from 'slonik';
import { z } from 'zod';
import type { Actor } from '../../api/http/define-route.ts';
import { openSession } from '../../api/identity/sessions/session.service.ts';
import { insertMfaChallenge } from '../../shared/identity/mfa.repository.ts';
import { hashOpaqueToken } from '../../shared/identity/opaque-token.ts';
import { createPasswords } from '../../shared/identity/passwords.ts';
import { actorOf } from './accounts.ts';
import { NEW_COURSE } from './authoring.ts';
import type { Caller, ObjectName } from './authorisation-table.ts';
import type { Client } from './client.ts';
import { buildCourse, buildUser, sumExercise, type BuiltExercise } from './factories.ts';
import type { InProcessApi } from './in-process.ts';
import { buildReview } from './reviews.ts';
import { buildSubmission } from './runs.ts';

const PASSWORD = 'harbour lights at dusk';
export const SERVICE_TOKEN = 'vQ8mT2kY6wR4pL9xZ3nB7dF5hJ1sG0cA';

/** Somebody who calls, with what it takes to log in. */
export interface Member {
  userId: string;
  email: string;
  roles: Role[];
  client: Client;
  /** Of a caller whose last proof of identity was an hour ago. */
  staleClient: Client;
  /** Of a caller who has proved no second factor. */
  singleFactorClient: Client;
}

/** The ids of what a path's `:id` may name, by what stands before it. */
export type Ids = Partial<
  Record<
    'auth/sessions' | 'courses' | 'modules' | 'exercises' | 'submissions' | 'regrades' | 'reviews' | 'ops/users',
    string
  >
>;

/** Everybody of a row of the table, and the ids of its object. */
export interface Scene {
  members: Map<Caller, Member>;
  ids: Ids;
}

type Build = (api: InProcessApi, owner: Member, author: Member) => Promise<Ids>;

interface ObjectKind {
  ownerRoles: Role[];
  build: Build;
}

/** How each object of the table comes to be, and of which roles who owns it is. */
const KINDS: Record<ObjectName, ObjectKind> = {
  session: { ownerRoles: [], build: ({ deps }, owner) => buildSession(deps.db, owner) },
  user: { ownerRoles: [], build: (_api, owner) => Promise.resolve({ 'ops/users': owner.userId }) },
  course: { ownerRoles: ['instructor'], build: ({ deps }, owner) => buildOwnCourse(deps.db, owner, 'active') },
  draft: { ownerRoles: ['instructor'], build: ({ deps }, owner) => buildOwnCourse(deps.db, owner, 'draft') },
  personal: { ownerRoles: [], build: ({ deps }, owner) => buildOwnCourse(deps.db, owner, 'active', 'generated') },
  queued: {
    ownerRoles: [],
    build: async ({ deps }, owner, author) => {
      const exercise = await buildOwnExercise(deps.db, author);
      const { submissionId } = await buildSubmission(deps.db, exercise, 'x', owner.userId);
      return { submissions: submissionId };
    },
  },
  graded: { ownerRoles: [], build: buildReviewed },
  review: { ownerRoles: [], build: buildReviewed },
  regrade: {
    ownerRoles: ['instructor'],
    build: async ({ deps }, owner) => {
      const { exerciseId } = await buildOwnExercise(deps.db, owner);
      const { status, body } = await owner.client.post(`/api/v1/exercises/${exerciseId}/regrade`, { dryRun: true });
      if (status !== 200) throw new Error(`A dry run answered ${status}.`);
      return { regrades: z.object({ id: z.string() }).parse(body).id };
    },
  },
};

let passwordHash: Promise<string> | undefined;

const STRANGERS: readonly (readonly [Caller, Role[]])[] = [
  ['learner', []],
  ['instructor', ['instructor']],
  ['operator', ['operator']],
  ['admin', ['admin']],
];

/** New people with each role. */
export async function buildStrangers(api: InProcessApi): Promise<Map<Caller, Member>> {
  const members = new Map<Caller, Member>();
  for (const [name, roles] of STRANGERS) members.set(name, await buildMember(api, roles));
  return members;
}

/** A new object of a new owner's, and one just like it of the other's. */
export async function buildScene(
  api: InProcessApi,
  object: ObjectName,
  strangers: ReadonlyMap<Caller, Member>,
): Promise<Scene> {
  const { ownerRoles, build } = KINDS[object];
  const author = await buildMember(api, ['instructor']);
  const owner = await buildMember(api, ownerRoles);
  const other = await buildMember(api, ownerRoles);
  const members = new Map(strangers).set('owner', owner).set('author', author).set('other', other);
  await build(api, other, author);
  return { members, ids: await build(api, owner, author) };
}

async function buildMember({ deps, client }: InProcessApi, extraRoles: Role[]): Promise<Member> {
  passwordHash ??= createPasswords().then((passwords) => passwords.hash(PASSWORD));
  const roles: Role[] = ['learner', ...extraRoles];
  const user = await buildUser(deps.db, { roles, password_hash: await passwordHash });
  const { sessionId } = await openLogin(deps.db, user.id);
  const actor = { ...actorOf(user.id, ...extraRoles), sessionId };
  const clientAs = async (overrides: Partial<Actor>): Promise<Client> =>
    client.as(await deps.identity.accessTokens.sign({ ...actor, ...overrides }));
  return {
    userId: user.id,
    email: user.email,
    roles,
    client: await clientAs({}),
    staleClient: await clientAs({ authenticatedAt: actor.authenticatedAt - 3600 }),
    singleFactorClient: await clientAs({ secondFactor: false }),
  };
}

async function buildSession(db: DatabasePool, owner: Member): Promise<Ids> {
  const { sessionId } = await openLogin(db, owner.userId);
  return { 'auth/sessions': sessionId };
}

const openLogin = (db: DatabasePool, userId: string) =>
  openSession(db, {
    userId,
    kind: 'api',
    lifetimeSeconds: 600,
    request: { ip: null, userAgent: null },
    secondFactor: false,
  });

async function buildOwnCourse(
  db: DatabasePool,
  owner: Member,
  status: 'active' | 'draft',
  kind: 'authored' | 'generated' = 'authored',
): Promise<Ids> {
  const { courseId, exercises } = await buildCourse(db, [[sumExercise()]], { ownerId: owner.userId, status, kind });
  const [exercise] = exercises;
  if (exercise === undefined) throw new Error('The course has no exercise.');
  return { courses: courseId, modules: exercise.moduleId, exercises: exercise.exerciseId };
}

async function buildOwnExercise(db: DatabasePool, author: Member): Promise<BuiltExercise> {
  const { courseId, exercises } = await buildCourse(db, [[sumExercise()]], { ownerId: author.userId });
  const [exercise] = exercises;
  if (exercise === undefined) throw new Error('The course has no exercise.');
  return { courseId, ...exercise };
}

async function buildReviewed({ deps }: InProcessApi, owner: Member, author: Member): Promise<Ids> {
  const exercise = await buildOwnExercise(deps.db, author);
  const { submissionId, reviewId } = await buildReview(deps.db, exercise, { learnerId: owner.userId });
  return { submissions: submissionId, reviews: reviewId };
}

type BodyOf = (caller: Member, api: InProcessApi) => unknown;

/** A valid body for each route that wants one, as a caller would send it. */
export const BODIES: Record<string, BodyOf> = {
  'POST /auth/register': () => ({ email: `${newId()}@example.com`, password: PASSWORD, name: 'Lin' }),
  'POST /auth/register/confirm': () => ({ token: 'nobody', password: 'nothing' }),
  'POST /auth/email/verify': () => ({ token: 'nobody', password: 'nothing' }),
  'POST /auth/login': ({ email }) => ({ email, password: PASSWORD }),
  'POST /auth/refresh': async ({ userId }, { deps }) => ({ refreshToken: (await openLogin(deps.db, userId)).token }),
  'POST /auth/password': () => ({ currentPassword: PASSWORD, newPassword: 'correct horse battery staple' }),
  'POST /auth/password/forgot': ({ email }) => ({ email }),
  'POST /auth/password/reset': () => ({ token: 'nobody', newPassword: 'correct horse battery staple' }),
  'POST /auth/step-up': () => ({ password: PASSWORD }),
  'POST /auth/mfa/activate': () => ({ code: '123456' }),
  'POST /auth/mfa/verify': async ({ userId }, { deps }) => {
    const mfaToken = newId();
    await insertMfaChallenge(deps.db, { tokenHash: hashOpaqueToken(mfaToken), userId, lifetimeSeconds: 60 });
    return { mfaToken, code: '123456' };
  },
  'PATCH /users/me': () => ({ name: 'Grace' }),
  'DELETE /users/me': () => ({ password: PASSWORD }),
  'POST /courses': () => NEW_COURSE,
  'PATCH /courses/:id': () => ({ title: 'Another title' }),
  'POST /courses/:id/modules': () => ({ title: 'More' }),
  'POST /modules/:id/exercises': () => sumExercise({ slug: `sum-${newId()}` }),
  'PATCH /exercises/:id': () => ({ title: 'Another title' }),
  'POST /exercises/:id/submissions': () => ({ code: 'x' }),
  'POST /exercises/:id/regrade': () => ({ dryRun: true }),
  'POST /submissions/:id/regrade': () => ({ dryRun: true }),
  'POST /reviews/:id/feedback': () => ({ helpful: true }),
  'POST /reviews/:id/override': () => ({ comment: 'It misses the point.' }),
  'PUT /ops/ai/switch': () => ({ enabled: true, reason: 'A test.' }),
  'POST /ops/users/lookup': ({ email }) => ({ email }),
  'PUT /ops/users/:id/roles': () => ({ roles: ['learner'] }),
};
