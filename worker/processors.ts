import type { QueueName } from '../shared/queues/queue-name.ts';
import { openGrading } from './grading/grading.processor.ts';
import { openMail } from './mail/mail.processor.ts';
import { openMaintenance } from './maintenance/maintenance.processor.ts';
import type { OpenProcessorFor } from './processor.ts';
import { openReview } from './review/review.processor.ts';

/** Who does the jobs of which queue. The compiler asks for an entry for every queue. */
export const PROCESSORS = {
  grading: openGrading,
  review: openReview,
  mail: openMail,
  maintenance: openMaintenance,
} as const satisfies { [Name in QueueName]: OpenProcessorFor<Name> };
