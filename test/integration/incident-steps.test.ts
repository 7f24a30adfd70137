import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCommand } from '../support/commands.ts';
import { buildUser } from '../support/factories.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const DOCUMENT = new URL('../../docs/security/incident.md', import.meta.url);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('the steps for an admin who was taken over can be followed as they stand when it is the only one', async () => {
  const verified = { email_verified_at: '2026-01-01T00:00:00Z' };
  const taken = await buildUser(database.db, { ...verified, roles: ['learner', 'operator', 'admin'] });
  const other = await buildUser(database.db, verified);
  const [, steps = ''] =
    /^An operator or admin was taken over:\n([^]*?)^Every session/m.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  const commands = [...steps.matchAll(/`npm run roles -- ([^`]+)`/g)].map(([, line = '']) =>
    line.replace('EMAIL', taken.email).replace('OTHER', other.email).split(' '),
  );
  const answers = [];
  for (const args of commands)
    answers.push(await runCommand('shared/identity/roles-command.ts', args, { DATABASE_URL: database.uri }));
  expect(answers).toEqual([
    { code: 0, stdout: `${taken.id}  ${taken.email}  learner, operator, admin\n`, stderr: '' },
    { code: 0, stdout: 'learner → learner, admin\n', stderr: '' },
    { code: 0, stdout: 'learner, operator, admin → learner, operator\n', stderr: '' },
    { code: 0, stdout: 'learner, operator → learner\n', stderr: '' },
    { code: 0, stdout: `${other.id}  ${other.email}  learner, admin\n`, stderr: '' },
    { code: 0, stdout: 'learner → learner, admin\n', stderr: '' },
  ]);
});
