import { expect } from '@jest/globals';
import { z } from 'zod';
import type { Answer } from './client.ts';

/** What every error must look like, whatever caused it. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    status,
    type: expect.stringMatching(/^application\/problem\+json/),
  });
  expect(answer.body).toMatchObject({
    type: `https://learnify.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`,
    title: expect.stringMatching(/^[A-Z][a-z ]+$/),
    status,
    code,
    detail: expect.stringMatching(/\.$/),
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
}

/** What tells errors apart, for tests that have many of them. */
export const problem = (status: number, code: string) => ({ status, code });
export const problemOf = (answer: Answer) => Problem.parse(answer.body);
const Problem = z.object({ status: z.number(), code: z.string() });
