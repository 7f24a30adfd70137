import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute } from '../../api/http/define-route.ts';
import { serveRoutes, type OwnRoutes } from '../support/own-routes.ts';
import { expectProblem } from '../support/problems.ts';

describe('what leaves a route', () => {
  let own: OwnRoutes;

  const system = { tag: 'Tests', policy: 'public', rate: 'read', cache: 'no-store', method: 'get' } as const;
  const User = z.object({ name: z.string(), home: z.object({ town: z.string() }) });
  const stored = { name: 'Ada', password_hash: '$argon2id$', home: { town: 'Skerry', safe: 'combination 1234' } };

  beforeAll(async () => {
    own = await serveRoutes([
      defineRoute({
        ...system,
        path: '/throws',
        summary: 'Throws',
        handler: () => Promise.reject(new Error('connect to db-7.internal as root:hunter2 failed')),
      }),
      defineRoute({
        ...system,
        path: '/throws-text',
        summary: 'Throws what is no error',
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors
        handler: () => Promise.reject('a bare secret string'),
      }),
      defineRoute({
        ...system,
        path: '/user',
        summary: 'Answers with more than it may',
        response: User,
        handler: () => Promise.resolve(stored),
      }),
      defineRoute({
        ...system,
        path: '/broken',
        summary: 'Answers with what it must not',
        response: User,
        handler: () => Promise.resolve({ ...stored, name: null } as unknown as z.input<typeof User>),
      }),
    ]);
  });
  afterAll(() => own.close());

  test('an exception becomes a 500 that tells nothing and is logged once, with its stack', async () => {
    const answer = await own.client.get('/throws');
    expectProblem(answer, 500, 'INTERNAL');
    // One random id in 256 has `db-7` in it.
    const { requestId: _random, ...told } = answer.body as { requestId: string };
    expect(JSON.stringify(told)).not.toMatch(/hunter2|db-7|\bat\b|Error/);
    const logged = own.logs().filter((line) => JSON.stringify(line).includes('hunter2'));
    expect(logged).toEqual([
      expect.objectContaining({
        level: 'error',
        message: 'request failed',
        request_id: answer.headers.get('x-request-id'),
        err: expect.objectContaining({ stack: expect.stringMatching(/http-answers\.test\.ts/) }),
      }),
    ]);
  });

  test('a thrown value that is no error becomes the same', async () => {
    const answer = await own.client.get('/throws-text');
    expectProblem(answer, 500, 'INTERNAL');
    expect(answer.text).not.toMatch('bare secret');
  });

  test('fields that the response schema does not name are dropped, at any depth', async () => {
    expect((await own.client.get('/user')).body).toEqual({ name: 'Ada', home: { town: 'Skerry' } });
  });

  test('an answer that breaks its schema is a fault of ours and does not leave', async () => {
    const answer = await own.client.get('/broken');
    expectProblem(answer, 500, 'INTERNAL');
    expect(answer.text).not.toMatch(/argon2id|Skerry/);
  });
});
