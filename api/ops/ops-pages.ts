import express, { Router, type RequestHandler } from 'express';
import type { DatabasePool } from 'slonik';
import { z } from 'zod';
import { AppError, ERROR_STATUS } from '../../shared/errors.ts';
import { appendAudit } from '../../shared/identity/audit.repository.ts';
import type { AuditAction } from '../../shared/identity/audit-action.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { requestId } from '../http/request-context.ts';
import { checkCredentials } from '../identity/credentials.service.ts';
import type { IdentityDeps } from '../identity/identity-deps.ts';
import { createBoards } from './bull-board.ts';
import { createOpsSessions, requireSameOrigin } from './ops-session.ts';

interface OpsPagesDeps extends Pick<IdentityDeps, 'passwords' | 'metrics'> {
  db: DatabasePool;
  backend: QueueBackend;
  secureCookie: boolean;
  limiters: { auth: readonly RequestHandler[]; ops: readonly RequestHandler[] };
}

const LoginForm = z.object({ email: z.string().max(254), password: z.string().max(128) });

/** The operators' pages: their login, and Bull Board. */
export function createOpsPages(deps: OpsPagesDeps): Router {
  const router = Router();
  const sessions = createOpsSessions(deps.db, deps.secureCookie);
  const form = express.urlencoded({ extended: false, limit: '4kb' });

  router.use(requireSameOrigin);
  router.get('/login', (_request, response) => {
    response.type('html').send(loginPage(null));
  });
  router.post('/login', ...deps.limiters.auth, form, async (request, response) => {
    const credentials = LoginForm.safeParse(request.body);
    try {
      if (!credentials.success) throw new AppError('INVALID_CREDENTIALS', 'Enter email and password.');
      const user = await checkCredentials(deps, credentials.data, { ip: request.ip ?? null });
      await sessions.open(user, request, response);
      await appendAudit(deps.db, auditOf('ops.login', user.id, null, request.ip));
      response.redirect(303, '/ops/queues');
    } catch (error) {
      if (!(error instanceof AppError) || ERROR_STATUS[error.code] >= 500) throw error;
      response.status(ERROR_STATUS[error.code]).type('html').send(loginPage(error.message));
    }
  });
  router.post('/logout', async (request, response) => {
    await sessions.close(request, response);
    response.redirect(303, '/ops/login');
  });
  router.use(
    '/queues',
    ...deps.limiters.ops,
    sessions.require,
    createBoards(deps.backend, (actorId, action, target, ip) =>
      appendAudit(deps.db, auditOf(action, actorId, target, ip)),
    ),
  );
  return router;
}

function auditOf(action: AuditAction, actorId: string, target: string | null, ip: string | undefined) {
  return { action, actorId, target, ip: ip ?? null, requestId: requestId(), details: {} };
}

/** `message` is one of our own error texts; nothing a visitor typed comes back. */
const loginPage = (message: string | null): string => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Learnify operations</title>
  <link rel="icon" href="data:,">
  <style>
    body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh; margin: 0; background: #151a21; color: #e6e9ee; }
    form { display: grid; gap: .75rem; width: min(20rem, 90vw); }
    input, button { font: inherit; padding: .5rem .75rem; border-radius: .375rem; border: 1px solid #3a4453; background: #1d2430; color: inherit; }
    button { background: #3b82f6; border-color: #3b82f6; cursor: pointer; }
    p { margin: 0; color: #fca5a5; }
  </style>
</head>
<body>
  <form method="post" action="/ops/login">
    <h1>Learnify operations</h1>
    ${message === null ? '' : `<p role="alert">${message}</p>`}
    <label>Email <input name="email" type="email" autocomplete="username" required autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <button>Log in</button>
  </form>
</body>
</html>
`;
