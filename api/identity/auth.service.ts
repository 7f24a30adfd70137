import type { z } from 'zod';
import type { AuthAnswer, LoginRequest, RegisterRequest, UserView } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { accountGone, AppError } from '../../shared/errors.ts';
import { findUser, findUserByEmail, insertUser, type UserRow } from '../../shared/identity/user.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { requireGoodPassword } from './password.policy.ts';
import type { Passwords } from '../../shared/identity/passwords.ts';
import { startApiSession, toUserView, type SessionDeps } from './session.service.ts';

export interface AuthDeps extends SessionDeps {
  passwords: Passwords;
}

/** @throws AppError EMAIL_TAKEN, or VALIDATION_FAILED for a guessable password. */
export async function register(
  deps: AuthDeps,
  body: z.output<typeof RegisterRequest>,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const name = body.name ?? body.username ?? '';
  requireGoodPassword(body.password, { email: body.email, name });
  const user: UserRow = {
    id: newId(),
    email: body.email,
    name,
    password_hash: await deps.passwords.hash(body.password),
    roles: ['learner'],
  };
  const answer = await deps.db.transaction(async (tx) => {
    await insertUser(tx, user);
    return startApiSession(deps, tx, user, request);
  });
  deps.metrics.registered();
  return answer;
}

/** @throws AppError INVALID_CREDENTIALS, the same for an unknown account and a wrong password. */
export async function login(
  deps: AuthDeps,
  body: z.output<typeof LoginRequest>,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const user = await checkCredentials(deps, body);
  return deps.db.transaction((tx) => startApiSession(deps, tx, user, request));
}

/** Finds the user whose email and password these are. @throws AppError INVALID_CREDENTIALS. */
export async function checkCredentials(
  deps: Pick<AuthDeps, 'db' | 'passwords' | 'metrics'>,
  { email, password }: { email: string; password: string },
): Promise<UserRow> {
  const user = await findUserByEmail(deps.db, email);
  const matches = await deps.passwords.verify(user?.password_hash ?? null, password);
  if (user === null || !matches) {
    deps.metrics.attempt('invalid_credentials');
    throw new AppError('INVALID_CREDENTIALS', 'The email address or the password is wrong.');
  }
  deps.metrics.attempt('success');
  return user;
}

/** @throws AppError UNAUTHENTICATED when the account is gone. */
export async function getOwnUser(deps: Pick<AuthDeps, 'db'>, actor: Actor): Promise<UserView> {
  const user = await findUser(deps.db, actor.id);
  if (user === null) throw accountGone();
  return toUserView(user);
}
