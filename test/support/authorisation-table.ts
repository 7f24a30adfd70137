import { z } from 'zod';

/**
 * Who may call what, reviewed by people. A new route has no row yet, and its author has to think of one.
 *
 * The object is what the path's `:id` names. Its *owner* made it or is it; the *author* wrote the course that it belongs to; the *other* owns one
 * just like it. The remaining columns are accounts with that role, and nothing of their own. The *service* calls with the operations token.
 *
 * `+` served, also where the answer is a conflict; `401` not known; `403` not with this role; `404` not there for them, and then answered exactly
 * as if it were nowhere; `.` nobody. *Proof*: `recent` where a stolen token alone must not do. Where the body is what proves who somebody is, such
 * as a password, no token in the header counts.
 */
const TABLE = `
route                                object     anonymous learner instructor operator admin  owner author other service  proof
POST   /auth/register                -          +         +       +          +        +      .     .      .     +        -
POST   /auth/register/confirm        -          +         +       +          +        +      .     .      .     +        -
POST   /auth/email/verify            -          +         +       +          +        +      .     .      .     +        -
POST   /auth/email/verification      -          401       +       +          +        +      .     .      .     401      -
POST   /auth/login                   -          +         +       +          +        +      .     .      .     +        -
POST   /auth/refresh                 -          +         +       +          +        +      .     .      .     +        -
POST   /auth/logout                  -          401       +       +          +        +      .     .      .     401      -
POST   /auth/logout-all              -          401       +       +          +        +      .     .      .     401      -
GET    /auth/sessions                -          401       +       +          +        +      .     .      .     401      -
DELETE /auth/sessions/:id            session    401       404     404        404      404    +     .      404   401      -
POST   /auth/password                -          401       +       +          +        +      .     .      .     401      -
POST   /auth/password/forgot         -          +         +       +          +        +      .     .      .     +        -
POST   /auth/password/reset          -          +         +       +          +        +      .     .      .     +        -
POST   /auth/step-up                 -          401       +       +          +        +      .     .      .     401      -
POST   /auth/mfa/setup               -          401       +       +          +        +      .     .      .     401      recent
POST   /auth/mfa/replace             -          401       +       +          +        +      .     .      .     401      recent
POST   /auth/mfa/activate            -          401       +       +          +        +      .     .      .     401      -
POST   /auth/mfa/recovery-codes      -          401       +       +          +        +      .     .      .     401      recent
POST   /auth/mfa/disable             -          401       +       +          +        +      .     .      .     401      recent
POST   /auth/mfa/verify             -          +         +       +          +        +      .     .      .     +        -
GET    /users/me                     -          401       +       +          +        +      .     .      .     401      -
PATCH  /users/me                     -          401       +       +          +        +      .     .      .     401      -
DELETE /users/me                     -          401       +       +          +        +      .     .      .     401      recent
GET    /users/me/export              -          401       +       +          +        +      .     .      .     401      recent

GET    /catalog                      -          +         +       +          +        +      .     .      .     401      -
GET    /courses                      -          401       +       +          +        +      .     .      .     401      -
POST   /courses                      -          401       403     +          403      +      .     .      .     401      -
GET    /courses/:id                  course     401       +       +          +        +      +     .      +     401      -
GET    /courses/:id                  draft      401       404     404        404      404    +     .      404   401      -
GET    /courses/:id                  personal   401       404     404        404      404    +     .      404   401      -
PATCH  /courses/:id                  course     401       403     404        403      404    +     .      404   401      -
PATCH  /courses/:id                  draft      401       403     404        403      404    +     .      404   401      -
PATCH  /courses/:id                  personal   401       403     404        403      404    403   .      403   401      -
POST   /courses/:id/enroll           course     401       +       +          +        +      +     .      +     401      -
POST   /courses/:id/enroll           draft      401       404     404        404      404    +     .      404   401      -
POST   /courses/:id/enroll           personal   401       404     404        404      404    +     .      404   401      -
POST   /courses/:id/publish          draft      401       403     404        403      404    +     .      404   401      -
POST   /courses/:id/modules          course     401       403     404        403      404    +     .      404   401      -
POST   /courses/:id/modules          draft      401       403     404        403      404    +     .      404   401      -
POST   /modules/:id/exercises        course     401       403     404        403      404    +     .      404   401      -
POST   /modules/:id/exercises        draft      401       403     404        403      404    +     .      404   401      -

GET    /exercises/:id                course     401       +       +          +        +      +     .      +     401      -
GET    /exercises/:id                draft      401       404     404        404      404    +     .      404   401      -
GET    /exercises/:id                personal   401       404     404        404      404    +     .      404   401      -
PATCH  /exercises/:id                course     401       403     404        403      404    +     .      404   401      -
PATCH  /exercises/:id                draft      401       403     404        403      404    +     .      404   401      -
PATCH  /exercises/:id                personal   401       403     404        403      404    403   .      403   401      -
GET    /exercises/:id/verification   course     401       +       +          +        +      +     .      +     401      -
GET    /exercises/:id/verification   draft      401       404     404        404      404    +     .      404   401      -
POST   /exercises/:id/verification   course     401       403     404        403      404    +     .      404   401      -
POST   /exercises/:id/verification   draft      401       403     404        403      404    +     .      404   401      -
POST   /exercises/:id/submissions    course     401       +       +          +        +      +     .      +     401      -
POST   /exercises/:id/submissions    draft      401       404     404        404      404    +     .      404   401      -
POST   /exercises/:id/submissions    personal   401       404     404        404      404    +     .      404   401      -
GET    /exercises/:id/submissions    course     401       +       +          +        +      +     .      +     401      -
GET    /exercises/:id/submissions    draft      401       404     404        404      404    +     .      404   401      -
GET    /exercises/:id/submissions    personal   401       404     404        404      404    +     .      404   401      -
POST   /exercises/:id/regrade        course     401       403     404        +        +      +     .      404   401      -
POST   /exercises/:id/regrade        personal   401       403     404        +        +      403   .      403   401      -
GET    /exercises/:id/review-agreement course   401       403     404        403      +      +     .      404   401      -
GET    /exercises/:id/review-agreement personal 401       403     404        403      +      403   .      403   401      -

GET    /submissions/:id              graded     401       404     404        404      404    +     404    404   401      -
GET    /submissions/:id              queued     401       404     404        404      404    +     404    404   401      -
GET    /submissions/:id/events       graded     401       404     404        404      404    +     404    404   401      -
POST   /submissions/:id/cancel       queued     401       404     404        404      404    +     404    404   401      -
GET    /submissions/:id/queue-position queued   401       404     404        404      404    +     404    404   401      -
GET    /submissions/:id/runs         graded     401       404     404        +        +      +     +      404   401      -
POST   /submissions/:id/regrade      graded     401       403     403        +        +      403   403    403   401      -
GET    /regrades/:id                 regrade    401       403     404        +        +      +     .      404   401      -
POST   /submissions/:id/review       graded     401       404     404        404      404    +     404    404   401      -
GET    /submissions/:id/review       graded     401       404     404        404      +      +     +      404   401      -
POST   /reviews/:id/feedback         review     401       404     404        404      404    +     404    404   401      -
POST   /reviews/:id/override         review     401       403     404        403      +      403   +      403   401      -

GET    /health                       -          +         +       +          +        +      .     .      .     401      -
GET    /readiness                    -          +         +       +          +        +      .     .      .     401      -
GET    /ops/queues/depth             -          401       403     403        +        +      .     .      .     +        -
GET    /ops/ai/switch                -          401       403     403        +        +      .     .      .     401      -
PUT    /ops/ai/switch                -          401       403     403        403      +      .     .      .     401      recent
GET    /ops/audit                    -          401       403     403        403      +      .     .      .     401      -
POST   /ops/users/lookup             -          401       403     403        403      +      .     .      .     401      -
GET    /ops/users/:id                user       401       403     403        403      +      403   .      403   401      -
PUT    /ops/users/:id/roles          user       401       403     403        403      +      403   .      403   401      recent
`;

/**
 * What is served beside the declared routes. Of the operators' pages only their own session opens anything; an access token does not, and no
 * cookie opens the API. `303`: to the login page.
 */
const PAGES = `
path                                 anonymous  admin's-token  service  operator's-session  admin's-session
GET    /metrics                      +          +              +        +                   +
GET    /docs/                        +          +              +        +                   +
GET    /openapi.json                 +          +              +        +                   +
GET    /ops/login                    +          +              +        +                   +
GET    /ops/login.css                +          +              +        +                   +
POST   /ops/logout                   303        303            303      303                 303
GET    /ops/queues                   401        401            401      +                   +
GET    /ops/queues/api/queues        401        401            401      +                   +
GET    /ops/queues/queue/grading     401        401            401      +                   +
PUT    /ops/queues/api/queues/grading/pause 401 401            401      403                 +
GET    /api/v1/users/me              401        +              401      401                 401
GET    /api/v1/ops/audit             401        +              401      401                 401
GET    /nowhere                      404        404            404      404                 404
GET    /api/v1/nowhere               404        404            404      404                 404
`;

const CALLERS = [
  'anonymous',
  'learner',
  'instructor',
  'operator',
  'admin',
  'owner',
  'author',
  'other',
  'service',
] as const;
export type Caller = (typeof CALLERS)[number];

const VISITORS = ['anonymous', "admin's-token", 'service', "operator's-session", "admin's-session"] as const;
export type Visitor = (typeof VISITORS)[number];

const ObjectName = z.enum(['session', 'course', 'draft', 'personal', 'graded', 'queued', 'regrade', 'review', 'user']);
export type ObjectName = z.infer<typeof ObjectName>;
const Outcome = z.enum(['+', '303', '401', '403', '404']);
export type Outcome = z.infer<typeof Outcome>;

interface Expectations<Who extends string> {
  method: string;
  path: string;
  /** By who asks; those who do not come into question are absent. */
  expected: Map<Who, Outcome>;
}

export interface RouteRow extends Expectations<Caller> {
  /** What the path's id names; null when the path has none. */
  object: ObjectName | null;
  needsRecentProof: boolean;
}

/** The rows of the table, in its order. @throws when it is not well-formed. */
export function readRouteTable(): RouteRow[] {
  return linesOf(TABLE).map(([method = '', path = '', object = '', ...cells]) => ({
    method,
    path,
    object: object === '-' ? null : ObjectName.parse(object),
    expected: readCells(CALLERS, cells.slice(0, -1)),
    needsRecentProof: z.enum(['recent', '-']).parse(cells.at(-1)) === 'recent',
  }));
}

export function readPageTable(): Expectations<Visitor>[] {
  return linesOf(PAGES).map(([method = '', path = '', ...cells]) => ({
    method,
    path,
    expected: readCells(VISITORS, cells),
  }));
}

function linesOf(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(1).map((line) => line.trim().split(/\s+/));
}

function readCells<Who extends string>(who: readonly Who[], cells: readonly string[]): Map<Who, Outcome> {
  if (cells.length !== who.length) throw new Error(`A row has ${cells.length} cells for ${who.join(', ')}.`);
  const pairs = who.map((name, index) => [name, cells[index] ?? ''] as const);
  return new Map(pairs.filter(([, cell]) => cell !== '.').map(([name, cell]) => [name, Outcome.parse(cell)]));
}
