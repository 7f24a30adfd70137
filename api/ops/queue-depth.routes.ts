import { z } from 'zod';
import { QueueDepth } from '../../shared/contracts/ops.contract.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { measureDepth } from '../../shared/queues/depth.ts';
import { QueueName } from '../../shared/queues/queue-name.ts';
import { AppError } from '../../shared/errors.ts';
import { withTimeout } from '../../shared/resilience/deadline.ts';
import { defineRoute, type Route } from '../http/define-route.ts';

const TIMEOUT_MS = 3000;

export const queueDepthRoutes = (deps: { backend: QueueBackend }): Route[] => [
  defineRoute({
    method: 'get',
    path: '/ops/queues/depth',
    summary: 'How deep the queues are: what an autoscaler scales on',
    tag: 'Operations',
    policy: { roles: ['operator', 'admin'], service: true },
    rate: 'ops',
    cache: 'no-store',
    query: z.strictObject({ queue: QueueName.optional() }),
    response: z.union([QueueDepth, z.object({ queues: z.array(QueueDepth) })]),
    handler: async ({ query }) => {
      const measured = query.queue === undefined ? measureAll(deps.backend) : measureDepth(deps.backend, query.queue);
      return withTimeout<QueueDepth | { queues: QueueDepth[] }>(
        measured,
        TIMEOUT_MS,
        'queue backend did not answer',
      ).catch(refuse);
    },
  }),
];

async function measureAll(backend: QueueBackend): Promise<{ queues: QueueDepth[] }> {
  return { queues: await Promise.all(QueueName.options.map((name) => measureDepth(backend, name))) };
}

/** No answer is better than a wrong one: an autoscaler that is told 0 would scale down. */
function refuse(cause: unknown): never {
  throw new AppError('SERVICE_UNAVAILABLE', 'The queue backend does not answer.', { retryAfterSeconds: 5, cause });
}
