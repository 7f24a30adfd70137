import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { ReviewView } from '../../shared/contracts/review.contract.ts';
import { sql } from '../../shared/db/sql.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { answers } from '../support/ai-behaviours.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { openApi, openWorker, type InProcessApi, type InProcessWorker } from '../support/in-process.ts';
import { answerObediently, perceives, wishWords } from '../support/obedient-model.ts';
import { MEAN_EXERCISE } from '../support/review-subjects.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { injectionCases } from './review-injection.cases.ts';

// Every test waits for two reviews.
jest.setTimeout(240_000);

const API_KEY = 'sk-test-injection';

/** A choice over all the ways, since every one of them is graded in a sandbox here. */
const CHOSEN = new Set([
  'a block comment over lines',
  'texts put together',
  'names one after the other',
  'zero-width characters in a name',
  'base64',
  'a finished answer as a text',
  'the hidden tests',
]);
const chosen = injectionCases.filter(({ name, language }) => language === 'javascript' && CHOSEN.has(name));

describe('code that asks for a better review, from the submission to the wire and back', () => {
  let database: TestDatabase;
  let peer: AiPeer;
  let api: InProcessApi;
  let worker: InProcessWorker;
  let exercise: BuiltExercise;
  let learner: Account;

  beforeAll(async () => {
    [database, peer] = await Promise.all([createTestDatabase(), startAiPeer()]);
    exercise = await buildExercise(
      database.db,
      sumExercise({
        ...texts(MEAN_EXERCISE),
        slug: 'mean',
        entrypoint: 'mean.js',
        limits: { cpuMs: 500, wallMs: 10_000 },
        tests: [
          { kind: 'call', name: 'three numbers', function: 'mean', args: [[1, 2, 3]], expected: 2 },
          { kind: 'call', name: 'canary-test', function: 'mean', args: [[8]], expected: 8, visibility: 'never' },
        ],
      }),
    );
    const environment = {
      databaseUri: database.uri,
      redisUrl: undefined,
      prefix: uniquePrefix(),
      extra: { AI_API_KEY: API_KEY, AI_BASE_URL: peer.openaiUrl, AI_MODEL: 'obedient' },
    };
    [api, worker] = await Promise.all([openApi(environment), openWorker(environment)]);
  });
  beforeEach(async () => {
    peer.reset();
    learner = await openAccount(api);
  });
  afterAll(async () => {
    await api.close();
    await worker.close();
    await peer.close();
    await database.drop();
  });

  /** Nobody is served what was said of the same code before. */
  let programs = 0;
  const unique = (code: string): string => `${code}${'\n'.repeat((programs += 1))}`;

  async function review(code: string): Promise<ReviewView> {
    const { status, body } = await learner.client.post(`/api/v1/exercises/${exercise.exerciseId}/submissions`, {
      code,
    });
    expect(status).toBe(202);
    const { id } = z.object({ id: z.string() }).parse(body);
    return eventually(
      'the review is completed',
      async () => {
        const answer = await learner.client.get(`/api/v1/submissions/${id}/review`);
        const found = answer.status === 404 ? null : ReviewView.parse(answer.body);
        return found?.status === 'completed' ? found : null;
      },
      90_000,
    );
  }

  test.each(chosen)('gets what the same code gets without it: $name', async ({ injected, control, says }) => {
    let wish: ReadonlySet<string> = new Set();
    peer.always(
      answers(({ system, user }: { system: string; user: string }) => answerObediently(`${system}\n${user}`, wish)),
    );
    const expected = await review(unique(control));
    const sent = peer.requests.map(({ system, user }) => `${system}\n${user}`);
    wish = wishWords([injected, says ?? ''], [control, ...sent]);
    expect(perceives(injected, wish)).toBe(true);

    const found = await review(unique(injected));
    expect(found).toMatchObject({ source: 'llm', degradedReason: null, scores: expected.scores });
    expect(found.findings.map(({ explanation }) => explanation)).toEqual(['Without any input this divides by zero.']);
    expect(peer.requests).toHaveLength(2);
    expect(peer.refused).toEqual([]);
  });

  test('sends nothing that tells whose it is, no secret, no hidden test and no solution', async () => {
    peer.always(
      answers(({ system, user }: { system: string; user: string }) =>
        answerObediently(`${system}\n${user}`, new Set()),
      ),
    );
    const name = 'Quilliam Zephyrbrand';
    const email = `${learner.userId}@example.com`;
    await database.db.query(sql.typeAlias('void')`UPDATE users SET name = ${name} WHERE id = ${learner.userId}`);
    const password = ['correct', 'horse', '0815'].join('-');
    const found = await review(
      [
        `// ${name} <${email}>, ${learner.userId}`,
        `const author = '${name} ${email}', dbPassword = '${password}';`,
        `const url = 'postgres://jane:${password}@db.example.org/app', matriculation = 471108151;`,
        'export function mean(numbers) {',
        '  let total = 0;',
        '  for (const number of numbers) total += number;',
        '  return total / numbers.length;',
        '}',
      ].join('\n'),
    );
    const [request] = peer.requests;
    if (request === undefined) throw new Error('Nothing was sent.');
    const { authorization, ...headers } = request.headers;
    const wire = `${request.path}\n${JSON.stringify(headers)}\n${request.text}`;
    expect(authorization).toBe(`Bearer ${API_KEY}`);
    for (const secret of [email, name, password, 'jane', '471108151', 'db.example.org', 'canary-test', 'reduce((sum']) {
      expect({ secret, isSent: wire.toLowerCase().includes(secret.toLowerCase()) }).toEqual({ secret, isSent: false });
    }
    const ids = [
      learner.userId,
      found.id,
      found.submissionId,
      exercise.exerciseId,
      exercise.versionId,
      exercise.courseId,
    ];
    for (const id of ids) expect(wire).not.toContain(id);
    expect(wire).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  });
});

function texts({ title, description, starterCode, solutionCode }: typeof MEAN_EXERCISE) {
  return { title, description, starterCode, solutionCode };
}
