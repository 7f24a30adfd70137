import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPasswords } from '../../shared/identity/passwords.ts';
import { findUserByEmail } from '../../shared/identity/user.repository.ts';
import { seedAccounts } from '../../shared/local/seed.ts';
import { buildUser } from '../support/factories.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('sample accounts have their roles and passwords and are verified, also where somebody had registered their address', async () => {
  const { db } = database;
  const passwords = await createPasswords();
  const fresh = { role: 'operator', email: 'operator@example.com', password: 'harbour lights at dusk' } as const;
  const taken = { role: 'admin', email: 'admin@example.com', password: 'lanterns over the water' } as const;
  await buildUser(db, { email: taken.email });
  for (const start of ['the first', 'the second']) {
    await seedAccounts(db, passwords, [fresh, taken]);
    for (const { role, email, password } of [fresh, taken]) {
      const user = await findUserByEmail(db, email);
      expect({ start, ...user }).toMatchObject({
        start,
        roles: ['learner', role],
        email_verified_at: expect.any(String),
      });
      expect(await passwords.verify(user?.password_hash ?? null, password)).toBe(true);
    }
  }
});
