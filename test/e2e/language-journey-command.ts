import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Client } from '../support/client.ts';
import { gradeEveryLanguage } from './language-journey.ts';

/**
 * `npm run journey:languages -- [base URL] [credentials file]`: has a running platform grade one exercise of each language and kind of
 * test, and says what it saw. The credentials are those that `npm start` keeps.
 */
const [baseUrl = 'http://127.0.0.1:8080', credentialsFile = '.local/credentials.json'] = process.argv.slice(2);
const Credentials = z.array(z.object({ role: z.string(), email: z.string(), password: z.string() }));

const credentials = Credentials.parse(JSON.parse(readFileSync(credentialsFile, 'utf8')));
const instructor = credentials.find(({ role }) => role === 'instructor');
if (instructor === undefined) throw new Error(`${credentialsFile} knows no instructor.`);
const anonymous = new Client(baseUrl);
const login = await anonymous.post('/api/v1/auth/login', { email: instructor.email, password: instructor.password });
const { accessToken } = z.object({ accessToken: z.string() }).parse(login.body);
const { client: learner } = await anonymous.registerLearner();

const steps = await gradeEveryLanguage(anonymous.as(accessToken), learner, ({ exercise, outcome, wanted, seen }) => {
  const line = `${seen === wanted ? 'ok  ' : 'FAIL'} ${exercise.padEnd(20)} ${outcome.padEnd(13)} ${seen}`;
  process.stdout.write(`${line}${seen === wanted ? '' : `, not ${wanted}`}\n`);
});
const failures = steps.filter(({ wanted, seen }) => wanted !== seen).length;
process.stdout.write(`${steps.length - failures} as wanted, ${failures} not\n`);
process.exitCode = failures === 0 ? 0 : 1;
