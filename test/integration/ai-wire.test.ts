import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { API_KEY, GOOD, openAsking, question } from '../support/ai-asking.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** A third party's idea of the protocols: our own peer may have misread them in the same way as our providers. */
describe.each(['responses', 'chat', 'messages'])('to a server that others wrote, in the protocol %s,', (protocol) => {
  let database: TestDatabase;
  let mock: LLMock;
  const ask = (user: string) => {
    const server =
      protocol === 'messages'
        ? { AI_PROVIDER: 'anthropic', AI_BASE_URL: mock.url }
        : { AI_PROVIDER: 'openai', AI_BASE_URL: `${mock.url}/v1`, AI_API_STYLE: protocol };
    const asking = openAsking(database.db, { ...server, AI_API_KEY: API_KEY, AI_MODEL: 'model-a' });
    return asking.ask({}, question({ user }));
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    mock = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
    mock.onMessage('answer me', { content: JSON.stringify(GOOD) });
    mock.onMessage('be busy', { error: { message: 'Busy.', type: 'rate_limit_error' }, status: 429, retryAfter: 60 });
    mock.onMessage('be overloaded', { error: { message: 'Busy.', type: 'overloaded_error' }, status: 529 });
    await mock.start();
  });
  afterAll(async () => {
    await mock.stop();
    await database.drop();
  });

  test('a question is answered and its tokens are counted', async () => {
    const answer = await ask('answer me');
    expect(answer).toMatchObject({ value: GOOD });
    expect(answer.usage.inputTokens).toBeGreaterThan(0);
    expect(answer.usage.outputTokens).toBeGreaterThan(0);
  });

  test('an overload is one', async () => {
    const before = mock.getRequests().length;
    expect(await ask('be overloaded')).toMatchObject({ reason: 'provider_unavailable', retryAfterMs: null });
    expect(mock.getRequests().length - before).toBe(3);
  });

  // Last, since everybody leaves the provider alone afterwards.
  test('a pause is heeded', async () => {
    const before = mock.getRequests().length;
    expect(await ask('be busy')).toMatchObject({ reason: 'provider_unavailable', retryAfterMs: 60_000 });
    expect(mock.getRequests().length - before).toBe(1);
  });
});
