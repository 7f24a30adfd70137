import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Router, type Express, type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.ts';
import type { AuditAction } from '../../shared/audit/audit-action.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { QueueName } from '../../shared/queues/queue-name.ts';
import type { NoteDenial } from '../http/audit-denials.ts';
import type { Actor, Route } from '../http/define-route.ts';
import { routeLocals } from '../http/log-requests.ts';

const BASE_PATH = '/ops/queues';

interface BoardRules {
  /** For so long after a login queues may be changed, in seconds. */
  loginCountsSeconds: number;
  audit: (actorId: string, action: AuditAction, target: string, ip: string | null) => Promise<void>;
  /** Told of somebody who may look at queues and tried to change them. */
  noteDenial: NoteDenial;
}

/**
 * Bull Board twice: to look at for operators, to act on for admins who logged in a while ago at most, and whose every action is audited
 * before it is done.
 */
export function createBoards(backend: QueueBackend, { loginCountsSeconds, audit, noteDenial }: BoardRules): Router {
  const lookingBoard = createBoard(backend, { readOnlyMode: true });
  const actingBoard = createBoard(backend, { readOnlyMode: false });

  const admitAction: RequestHandler = async (request, response, next) => {
    if (['GET', 'HEAD'].includes(request.method)) {
      next();
      return;
    }
    const { actor } = routeLocals(response);
    const change = CHANGES[request.method];
    if (!actor || change === undefined) {
      throw new AppError('METHOD_NOT_ALLOWED', `${request.method} is not possible here.`);
    }
    const ip = request.ip ?? null;
    const refusal = refusalOf(actor, loginCountsSeconds);
    if (refusal !== null) {
      await noteDenial({ method: change.method, policy: { roles: ['admin'] } }, BASE_PATH, actor, refusal, ip);
      throw refusal;
    }
    await audit(actor.id, change.action, request.path.slice(0, 300), ip);
    next();
  };
  const serveBoard: RequestHandler = (request, response, next) => {
    const board = routeLocals(response).actor?.roles.includes('admin') ? actingBoard : lookingBoard;
    board(request, response, next);
  };
  return Router().use(refuseNull, dropRemoteFonts, admitAction, serveBoard);
}

/** The board's validation takes it for a separator of its own and fails, and PostgreSQL takes it in no text. No name has one. */
const refuseNull: RequestHandler = (request, _response, next) => {
  if (/%00/i.test(request.url)) throw new AppError('VALIDATION_FAILED', 'The URL must not hold a null character.');
  next();
};

const CHANGES: Readonly<Record<string, { method: Route['method']; action: AuditAction }>> = {
  POST: { method: 'post', action: 'ops.queues.post' },
  PUT: { method: 'put', action: 'ops.queues.put' },
  PATCH: { method: 'patch', action: 'ops.queues.patch' },
  DELETE: { method: 'delete', action: 'ops.queues.delete' },
};

/** Why somebody may not change queues; null when they may. */
function refusalOf({ roles, authenticatedAt }: Actor, loginCountsSeconds: number): AppError | null {
  if (!roles.includes('admin')) return new AppError('FORBIDDEN', 'Only an admin may change queues.');
  if (Date.now() / 1000 - authenticatedAt <= loginCountsSeconds) return null;
  return new AppError('STEP_UP_REQUIRED', 'Your login was too long ago to change queues: log in again at /ops/login.');
}

function createBoard(backend: QueueBackend, mode: { readOnlyMode: boolean }): RequestHandler {
  const serverAdapter = new ExpressAdapter().setBasePath(BASE_PATH);
  createBullBoard({
    queues: QueueName.options.map((name) => new BullMQAdapter(backend.queue(name), mode)),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Learnify queues' } },
  });
  // Its own handler shows whatever the error says, and tells no log.
  serverAdapter.setErrorHandler((error) => {
    throw error;
  });
  const app = serverAdapter.getRouter() as Express;
  return app.disable('x-powered-by');
}

const REMOTE_FONTS = /<link[^>]+href="https:\/\/fonts\.[^>]+>/g;

/** The page asks a foreign host for its fonts, which the content security policy forbids; it has good fallbacks. */
const dropRemoteFonts: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body: unknown) => send(typeof body === 'string' ? body.replaceAll(REMOTE_FONTS, '') : body);
  next();
};
