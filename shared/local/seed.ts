import type { DatabasePool } from 'slonik';
import type { Role } from '../contracts/auth.contract.ts';
import { newId } from '../db/id.ts';
import type { Passwords } from '../identity/passwords.ts';
import { findUserByEmail, insertUser, setUpAccount } from '../identity/user.repository.ts';
import { readCatalogue } from '../learning/course-directory.ts';
import { publishCourse } from '../learning/publish-course.ts';
import type { SampleAccount } from './local-state.ts';

/** Puts the catalogue's courses into the database. Returns how many exercise versions are new. */
export async function seedCatalogue(db: DatabasePool): Promise<number> {
  let changed = 0;
  for (const course of readCatalogue()) changed += await publishCourse(db, course);
  return changed;
}

/** Makes the sample accounts, verified ones; those that are there get the password that the credentials file says. */
export async function seedAccounts(
  db: DatabasePool,
  passwords: Passwords,
  accounts: readonly SampleAccount[],
): Promise<void> {
  for (const account of accounts) {
    const user = await findUserByEmail(db, account.email);
    const isVerified = user !== null && user.email_verified_at !== null;
    if (isVerified && (await passwords.verify(user.password_hash, account.password))) continue;
    const passwordHash = await passwords.hash(account.password);
    const roles = rolesOf(account.role);
    if (user === null) {
      await insertUser(db, {
        id: newId(),
        email: account.email,
        name: `Sample ${account.role}`,
        password_hash: passwordHash,
        roles,
        email_verified_at: new Date().toISOString(),
      });
    } else {
      await setUpAccount(db, user.id, passwordHash, roles);
    }
  }
}

/** Everybody can learn; the other roles come on top. */
function rolesOf(role: Role): Role[] {
  return role === 'learner' ? ['learner'] : ['learner', role];
}
