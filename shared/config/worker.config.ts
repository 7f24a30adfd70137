import { z } from 'zod';
import { aiSettings, requireSoundAi } from './ai.section.ts';
import { integer, list, port } from './env.ts';
import { mailSettings, requireMailTransport } from './mail.section.ts';
import {
  EVEN_IF_OTHERS_FAILED,
  databaseSettings,
  observabilitySettings,
  queueSettings,
  requireDatabase,
  reviewSettings,
  serverSettings,
} from './sections.ts';
import { QueueName } from '../queues/queue-name.ts';

/** What runs learners' programs, as operators name it; which engine of Python it is depends on the machine. */
export const WarmEngine = z.enum(['quickjs', 'python', 'sqlite', 'postgres']);
export type WarmEngine = z.output<typeof WarmEngine>;

const concurrency = integer(1, 256).optional();

/** What a worker process reads from the environment. `WORKER_QUEUES` names its queues; the default is all of them. */
export const WorkerConfig = z
  .object({
    ...serverSettings,
    ...databaseSettings,
    ...queueSettings,
    ...observabilitySettings,
    ...aiSettings,
    ...reviewSettings,
    ...mailSettings,
    WORKER_HOST: z.string().default('127.0.0.1'),
    WORKER_PORT: port.default(8081),
    WORKER_QUEUES: list.pipe(z.array(QueueName).min(1)).default([...QueueName.options]),
    WORKER_CONCURRENCY_GRADING: concurrency,
    WORKER_CONCURRENCY_REVIEW: concurrency,
    WORKER_CONCURRENCY_MAIL: concurrency,
    WORKER_CONCURRENCY_MAINTENANCE: concurrency,
    SANDBOX_ISOLATION: z.enum(['auto', 'required', 'off']).default('auto'),
    SANDBOX_PYTHON: z.enum(['auto', 'wasi', 'native']).default('auto'),
    SANDBOX_WARM: list.pipe(z.array(WarmEngine).min(1)).default([...WarmEngine.options]),
  })
  .superRefine(requireDatabase, EVEN_IF_OTHERS_FAILED)
  .superRefine(requireSoundAi, EVEN_IF_OTHERS_FAILED)
  .superRefine(requireMailTransport, EVEN_IF_OTHERS_FAILED);
export type WorkerConfig = z.output<typeof WorkerConfig>;
