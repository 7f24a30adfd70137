import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ReviewView } from '../../shared/contracts/review.contract.ts';
import { sql } from '../../shared/db/sql.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { after, answers, fails, rateLimited, stalls, USAGE } from '../support/ai-behaviours.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix, type BackendKind } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { openApi, openWorker, type InProcessApi, type InProcessWorker } from '../support/in-process.ts';
import { modelAnswer, REVIEWED_SUM } from '../support/reviews.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const WAIT_MS = 40_000;
/** No peer that answers is given up, also when it is held for as long as a test takes. */
const PATIENT = { AI_TIMEOUT_MS: '120000', AI_REQUEST_TIMEOUT_MS: '60000' };
const IMPATIENT = { AI_TIMEOUT_MS: '2000', AI_REQUEST_TIMEOUT_MS: '1000' };

interface Platform {
  database: TestDatabase;
  peer: AiPeer;
  api: InProcessApi;
  worker: InProcessWorker;
  exercise: BuiltExercise;
  close: () => Promise<void>;
}

/** An api, and a worker that asks a peer for reviews. */
async function openPlatform(kind: BackendKind, patience: Record<string, string>): Promise<Platform> {
  const [database, peer] = await Promise.all([createTestDatabase(), startAiPeer()]);
  const exercise = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 500, wallMs: 10_000 } }));
  const environment = {
    databaseUri: database.uri,
    redisUrl: kind === 'redis' ? sharedRedisUrl() : undefined,
    prefix: uniquePrefix(),
    extra: {
      AI_API_KEY: 'sk-test-review-pipeline',
      AI_BASE_URL: peer.openaiUrl,
      AI_MODEL: 'peer-model',
      AI_BREAKER_FAILURES: '2',
      AI_BREAKER_OPEN_MS: '300',
      ...patience,
    },
  };
  const [api, worker] = await Promise.all([openApi(environment), openWorker(environment)]);
  return {
    database,
    peer,
    api,
    worker,
    exercise,
    close: async () => {
      await api.close();
      await worker.close();
      await peer.close();
      await database.drop();
    },
  };
}

describe.each(BACKENDS)('senior reviews on %s, from the submission to the wire and back', (kind) => {
  let platform: Platform;
  let database: TestDatabase;
  let peer: AiPeer;
  let api: InProcessApi;
  let worker: InProcessWorker;
  let exercise: BuiltExercise;
  let learner: Account;

  beforeAll(async () => {
    platform = await openPlatform(kind, PATIENT);
    ({ database, peer, api, worker, exercise } = platform);
  });
  beforeEach(async () => {
    peer.reset();
    await database.db.query(sql.typeAlias('void')`TRUNCATE ai_requests, ai_pauses`);
    learner = await openAccount(api);
  });
  afterAll(() => platform.close());

  /** Every test submits code of its own, so that none is served what was said in another. */
  let programs = 0;
  const newCode = (): string => `${REVIEWED_SUM}// ${kind} ${(programs += 1)}\n`;

  const submit = async (code: string, who = learner, { exerciseId } = exercise): Promise<string> => {
    const answer = await who.client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code });
    expect(answer.status).toBe(202);
    return (answer.body as { id: string }).id;
  };
  const readReview = async (submissionId: string, who = learner): Promise<ReviewView | null> => {
    const { status, body } = await who.client.get(`/api/v1/submissions/${submissionId}/review`);
    return status === 404 ? null : ReviewView.parse(body);
  };
  const reviewed = (submissionId: string, who = learner, timeoutMs = WAIT_MS) =>
    eventually(
      'the review is completed',
      async () => {
        const review = await readReview(submissionId, who);
        return review?.status === 'completed' ? review : null;
      },
      timeoutMs,
    );

  test('an accepted submission gets a review without being asked, from one request', async () => {
    peer.always(answers(modelAnswer()));
    const id = await submit(newCode());
    const review = await reviewed(id);
    expect(review).toMatchObject({
      source: 'llm',
      degradedReason: null,
      provider: 'openai',
      model: 'peer-model',
      usage: USAGE,
      findings: [{ category: 'efficiency', startLine: 4, quote: expect.stringContaining('left -= 1') }],
    });
    expect(review.scores?.overall).toBeGreaterThan(0);
    expect(review.costMicros).toBeGreaterThan(0);
    expect(peer.requests.length).toBe(1);
    expect(peer.refused).toEqual([]);
    expect((await learner.client.get(`/api/v1/submissions/${id}`)).body).toMatchObject({
      verdict: 'accepted',
      review: { id: review.id, status: 'completed' },
    });
    await eventually('it is counted', async () =>
      /ai_review_requests_total\{source="llm",result="completed"\} \d/.test(await worker.deps.registry.metrics()),
    );
  });

  test('one that is not accepted gets a review when asked for, within what its tests allow', async () => {
    peer.always(answers(modelAnswer({ findings: [] })));
    const id = await submit(`export function sum(a, b) {\n  return a - b;\n}\n// ${kind}\n`);
    await eventually('graded', async () => {
      const { body } = await learner.client.get(`/api/v1/submissions/${id}`);
      return (body as { status: string }).status === 'completed';
    });
    expect(await readReview(id)).toBeNull();
    expect((await learner.client.post(`/api/v1/submissions/${id}/review`)).status).toBe(202);
    const { scores, source } = await reviewed(id);
    expect(source).toBe('llm');
    expect(scores?.edgeCases).toBeLessThanOrEqual(40);
    expect(peer.requests.length).toBe(1);
  });

  test('ten submissions of the same code at once are one request, and one bill', async () => {
    const gate = Promise.withResolvers<void>();
    peer.always(after(gate.promise, answers(modelAnswer())));
    const code = newCode();
    const learners = await Promise.all(Array.from({ length: 10 }, () => openAccount(api)));
    const ids = await Promise.all(learners.map((who) => submit(code, who)));
    await eventually('asked', () => peer.requests.length > 0);
    gate.resolve();
    const reviews = await Promise.all(ids.map((id, index) => reviewed(id, learners[index])));
    expect(peer.requests.length).toBe(1);
    expect(reviews.map(({ source }) => String(source)).sort()).toEqual([
      ...Array.from({ length: 9 }, () => 'cache'),
      'llm',
    ]);
    expect(reviews.filter(({ costMicros }) => costMicros > 0).length).toBe(1);
    expect(new Set(reviews.map(({ id }) => id)).size).toBe(10);
  });

  test('a provider that wants to be left alone for long has the job postponed, while others are served', async () => {
    peer.next(rateLimited('60'));
    peer.always(answers(modelAnswer()));
    const id = await submit(newCode());
    const review = await eventually('asked for', () => readReview(id));
    const job = await eventually('its job', () => worker.deps.backend.queue('review').getJob(`review-${review.id}-1`));
    await eventually('postponed', async () => (await job.getState()) === 'delayed');
    expect(await readReview(id)).toMatchObject({ status: 'pending' });
    // As if the minute were over.
    await database.db.query(sql.typeAlias('void')`TRUNCATE ai_pauses`);
    await job.promote();
    const { source } = await reviewed(id);
    expect(source).toBe('llm');
    expect(peer.requests.length).toBe(2);
  });

  test('a provider that never answers ends in a static review, labelled so, that is worth reading', async () => {
    const own = await openPlatform(kind, IMPATIENT);
    try {
      own.peer.always(stalls());
      const who = await openAccount(own.api);
      const review = await reviewed(await submit(newCode(), who, own.exercise), who);
      expect(review).toMatchObject({ source: 'static', provider: null });
      expect(['deadline', 'provider_unavailable']).toContain(review.degradedReason);
      expect(review.summary).not.toBe('');
      expect(own.peer.requests.length).toBeGreaterThan(0);
      await eventually('nobody waits for it', () => own.peer.requests.every(({ isGone }) => isGone()));
    } finally {
      await own.close();
    }
  });

  test('a provider that comes back makes better what it could not make before', async () => {
    peer.always(fails(500));
    const id = await submit(newCode());
    const before = await reviewed(id);
    // Enough of them for the breaker to open, whatever went well in the minute before.
    await Promise.all(Array.from({ length: 5 }, async () => reviewed(await submit(newCode()))));
    expect(before).toMatchObject({ source: 'static', degradedReason: 'provider_unavailable' });

    peer.always(answers(modelAnswer()));
    // Somebody's review finds out that the provider is there again, which closes the breaker.
    await eventually(
      'the provider answers again',
      async () => (await reviewed(await submit(newCode()))).source === 'llm',
      WAIT_MS,
    );
    const better = await eventually(
      'the review is better',
      async () => {
        const review = await readReview(id);
        expect(review?.status).toBe('completed');
        return review?.source === 'llm' ? review : null;
      },
      WAIT_MS,
    );
    expect(better).toMatchObject({ id: before.id, degradedReason: null });
    expect(Date.parse(better.completedAt ?? '')).toBeGreaterThan(Date.parse(before.completedAt ?? ''));
  }, 180_000);

  test('a queue that was wiped is filled again from the database', async () => {
    const gate = Promise.withResolvers<void>();
    peer.always(after(gate.promise, answers(modelAnswer())));
    const queue = worker.deps.backend.queue('review');
    await queue.pause();
    const id = await submit(newCode());
    const asked = await eventually('asked for', () => readReview(id));
    await eventually('sent', () => queue.getJob(`review-${asked.id}-1`));
    await queue.obliterate({ force: true });
    await queue.resume();
    gate.resolve();
    expect(await reviewed(id)).toMatchObject({ source: 'llm' });
  });
});

describe('senior reviews without a provider', () => {
  test('are static ones, and say so', async () => {
    const database = await createTestDatabase();
    const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    const [api, worker] = await Promise.all([openApi(environment), openWorker(environment)]);
    try {
      const exercise = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 500, wallMs: 10_000 } }));
      const { client } = await openAccount(api);
      const answer = await client.post(`/api/v1/exercises/${exercise.exerciseId}/submissions`, { code: REVIEWED_SUM });
      const path = `/api/v1/submissions/${(answer.body as { id: string }).id}/review`;
      const review = await eventually(
        'the review is completed',
        async () => {
          const { body, status } = await client.get(path);
          return status === 200 && (body as { status: string }).status === 'completed' ? ReviewView.parse(body) : null;
        },
        WAIT_MS,
      );
      expect(review).toMatchObject({ source: 'static', degradedReason: 'no_provider', costMicros: 0, model: null });
    } finally {
      await api.close();
      await worker.close();
      await database.drop();
    }
  });
});
