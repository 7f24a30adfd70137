import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { CleanText } from '../../shared/contracts/common.contract.ts';
import { AppError, ERROR_STATUS } from '../../shared/errors.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import type { NoteDenial } from '../http/audit-denials.ts';
import type { RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import type { IdentityDeps } from '../identity/identity-deps.ts';
import { createBoards } from './bull-board.ts';
import { LOGIN_STYLE, loginPage } from './login-page.ts';
import { logInToOps, logOutOfOps } from './ops-login.service.ts';
import { createOpsCookies, requireOpsSession, requireSameOrigin, type OpsCookies } from './ops-session.ts';

interface OpsPagesDeps {
  identity: IdentityDeps;
  backend: QueueBackend;
  /** Whether browsers reach these pages over TLS only. */
  overTls: boolean;
  limiters: { auth: readonly RequestHandler[]; ops: readonly RequestHandler[] };
  noteDenial: NoteDenial;
}

/** Browsers step up by logging in again; so a login counts for a piece of work, not for one action. */
const STEP_UPS_OF_A_LOGIN = 3;

const LoginForm = z.object({
  email: CleanText.max(254),
  password: CleanText.max(128),
  code: CleanText.max(40).default(''),
});

/** The operators' pages: their login, and Bull Board. */
export function createOpsPages({ identity, backend, overTls, limiters, noteDenial }: OpsPagesDeps): Router {
  const router = Router();
  const cookies = createOpsCookies({ overTls });
  const form = express.urlencoded({ extended: false, limit: '4kb' });

  router.use(requireSameOrigin(limiters.ops), keepNothing);
  router.get('/login.css', ...limiters.ops, (_request, response) => {
    response.type('css').send(LOGIN_STYLE);
  });
  router.get('/login', ...limiters.ops, (_request, response) => {
    sendPage(response, null);
  });
  router.post('/login', ...limiters.auth, form, answerLogin(identity, cookies));
  router.post('/logout', ...limiters.ops, async (request, response) => {
    await logOutOfOps(identity, cookies.session.read(request), requesterOf(request));
    cookies.session.clear(response);
    response.redirect(303, '/ops/login');
  });
  router.use(
    '/queues',
    ...limiters.ops,
    requireOpsSession(identity, cookies),
    createBoards(backend, {
      loginCountsSeconds: identity.assurance.stepUpSeconds * STEP_UPS_OF_A_LOGIN,
      audit: (actorId, action, target, ip) => recordAudit(identity.db, { ip }, { action, actorId, target }),
      noteDenial,
    }),
  );
  return router;
}

/** What operators see is for nobody who opens the browser after them; the board's own scripts are the same for everybody. */
const keepNothing: RequestHandler = (request, response, next) => {
  if (!request.path.startsWith('/queues/static/')) response.setHeader('Cache-Control', 'no-store');
  next();
};

function answerLogin(identity: IdentityDeps, { session, device }: OpsCookies): RequestHandler {
  return async (request, response) => {
    const typed = LoginForm.safeParse(request.body);
    try {
      if (!typed.success) throw new AppError('INVALID_CREDENTIALS', 'Enter email and password.');
      const presented = { sessionToken: session.read(request), deviceToken: device.read(request) };
      const opened = await logInToOps(identity, typed.data, presented, requesterOf(request));
      session.write(response, opened.sessionToken);
      device.write(response, opened.deviceToken);
      response.redirect(303, '/ops/queues');
    } catch (error) {
      if (!(error instanceof AppError) || ERROR_STATUS[error.code] >= 500) throw error;
      sendPage(response, error);
    }
  };
}

/** Which of the three was wrong, or that a code is missing, is not said: here nobody learns that they have guessed a password. */
function sendPage(response: Response, error: AppError | null): void {
  const isWrong = error?.code === 'INVALID_CREDENTIALS';
  const message = isWrong ? 'The email address, the password or the code is wrong.' : (error?.message ?? null);
  if (error !== null) response.status(ERROR_STATUS[error.code]);
  if (error?.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(error.retryAfterSeconds));
  response.setHeader('Cache-Control', 'no-store');
  response.type('html').send(loginPage(message));
}

const requesterOf = (request: Request): Pick<RequestFacts, 'ip' | 'userAgent'> => ({
  ip: request.ip ?? null,
  userAgent: request.get('user-agent')?.slice(0, 300) ?? null,
});
