import type { DatabasePool } from 'slonik';
import { Role } from '../contracts/auth.contract.ts';
import { withCommandDatabase } from '../db/command-database.ts';
import { AppError, notFound } from '../errors.ts';
import { appendAudit } from '../audit/audit.repository.ts';
import { changeRoles, type RoleChange } from './change-roles.ts';
import { listPrivileged } from './role.repository.ts';
import { findUserByEmail } from './user.repository.ts';

/** `npm run roles`: gives the first admin the role, which nobody could over the API, and helps out when nobody can log in. */

const USAGE = `Usage: npm run roles -- grant EMAIL ROLE
       npm run roles -- revoke EMAIL ROLE
       npm run roles -- list

  EMAIL  of an account that has registered and verified it already
  ROLE   instructor, operator or admin

A change takes effect within seconds and is in the audit log. list names everybody who is more than a learner.

Exit code: 0 done, 1 refused, 2 the database could not be used, 64 wrong usage.
`;

const EXIT = { done: 0, refused: 1, unavailable: 2, usage: 64 } as const;

const GRANTABLE = Role.exclude(['learner']);

type Order = { verb: 'list' } | { verb: 'grant' | 'revoke'; email: string; role: Role };

async function run(args: string[]): Promise<number> {
  const order = readOrder(args);
  if (order === null) {
    process.stderr.write(USAGE);
    return EXIT.usage;
  }
  try {
    process.stdout.write(await withCommandDatabase((db) => (order.verb === 'list' ? list(db) : apply(db, order))));
    return EXIT.done;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof AppError ? EXIT.refused : EXIT.unavailable;
  }
}

function readOrder([verb, email, role, ...rest]: string[]): Order | null {
  if (verb === 'list' && email === undefined) return { verb };
  const granted = GRANTABLE.safeParse(role);
  if ((verb !== 'grant' && verb !== 'revoke') || email === undefined || !granted.success || rest.length > 0)
    return null;
  return { verb, email, role: granted.data };
}

async function list(db: DatabasePool): Promise<string> {
  const rows = await listPrivileged(db);
  return rows.map(({ id, email, roles }) => `${id}  ${email}  ${roles.join(', ')}\n`).join('');
}

async function apply(db: DatabasePool, { verb, email, role }: Exclude<Order, { verb: 'list' }>): Promise<string> {
  const changed = await db.transaction(async (tx): Promise<RoleChange | null> => {
    const user = await findUserByEmail(tx, email);
    if (user === null) throw notFound('user');
    const change = await changeRoles(
      tx,
      user.id,
      (before) => (verb === 'grant' ? [...before, role] : before.filter((other) => other !== role)),
      null,
    );
    if (change === null) return null;
    const details = { by: 'command', ...change };
    await appendAudit(tx, {
      action: 'roles.changed',
      actorId: null,
      target: user.id,
      ip: null,
      requestId: null,
      details,
    });
    return change;
  });
  return changed === null ? 'Nothing to do.\n' : `${changed.before.join(', ')} → ${changed.after.join(', ')}\n`;
}

process.exitCode = await run(process.argv.slice(2));
