import { z } from 'zod';

/** The bulkheads. Each has one definition file `<name>.queue.ts` here and one processor in `worker/`. */
export const QueueName = z.enum(['grading', 'review', 'mail', 'maintenance']);
export type QueueName = z.infer<typeof QueueName>;
