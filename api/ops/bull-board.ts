import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Router, type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.ts';
import type { AuditAction } from '../../shared/identity/audit-action.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { QueueName } from '../../shared/queues/queue-name.ts';
import { routeLocals } from '../http/log-requests.ts';

const BASE_PATH = '/ops/queues';

type Audit = (actorId: string, action: AuditAction, target: string, ip: string | undefined) => Promise<void>;

/** Bull Board twice: to look at for operators, to act on for admins, whose every action is audited before it is done. */
export function createBoards(backend: QueueBackend, audit: Audit): Router {
  const lookingBoard = createBoard(backend, true);
  const actingBoard = createBoard(backend, false);

  const auditAction: RequestHandler = async (request, response, next) => {
    if (['GET', 'HEAD'].includes(request.method)) {
      next();
      return;
    }
    const { actor } = routeLocals(response);
    if (!actor?.roles.includes('admin')) throw new AppError('FORBIDDEN', 'Only an admin may change queues.');
    await audit(
      actor.id,
      `ops.queues.${request.method.toLowerCase()}` as AuditAction,
      request.path.slice(0, 300),
      request.ip,
    );
    next();
  };
  const serveBoard: RequestHandler = (request, response, next) => {
    const board = routeLocals(response).actor?.roles.includes('admin') ? actingBoard : lookingBoard;
    board(request, response, next);
  };
  return Router().use(dropRemoteFonts, auditAction, serveBoard);
}

function createBoard(backend: QueueBackend, readOnlyMode: boolean): RequestHandler {
  const serverAdapter = new ExpressAdapter().setBasePath(BASE_PATH);
  createBullBoard({
    queues: QueueName.options.map((name) => new BullMQAdapter(backend.queue(name), { readOnlyMode })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Learnify queues' } },
  });
  return serverAdapter.getRouter() as RequestHandler;
}

const REMOTE_FONTS = /<link[^>]+href="https:\/\/fonts\.[^>]+>/g;

/** The page asks a foreign host for its fonts, which the content security policy forbids; it has good fallbacks. */
const dropRemoteFonts: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body: unknown) => send(typeof body === 'string' ? body.replaceAll(REMOTE_FONTS, '') : body);
  next();
};
