import type { QueueReason } from '../../shared/contracts/submission.contract.ts';

/** What the queue knows of a job. `taken`: a worker has it this moment. `absent`: never sent, or lost. */
export type JobSight = 'runnable' | 'paused' | 'delayed' | 'taken' | 'absent' | 'backend_away';

/** What is known of a submission that waits. */
export interface WaitFacts {
  job: JobSight;
  /** Waiting runs that are served before it; a lower bound when capped. */
  ahead: number;
  isCapped: boolean;
  /** Earlier submissions of the same learner that are not finished. */
  ownEarlier: number;
  /** Whether a worker had it before and gave it back. */
  wasStarted: boolean;
  waitedMs: number;
  /** Runs that ended during the last `finishedSpanMs`, all of it while this one waited. */
  finishedMeanwhile: number;
  finishedSpanMs: number;
}

/** Why it is not running. What stops the whole queue comes before what stops this one. */
export function placeReason({ job, ahead, ownEarlier, wasStarted }: WaitFacts): QueueReason {
  switch (job) {
    case 'backend_away':
      return 'queue_backend_unavailable';
    case 'taken':
      return 'running';
    case 'delayed':
      return 'retrying';
    case 'absent':
      return wasStarted ? 'retrying' : 'not_sent_yet';
    case 'paused':
      return 'queue_paused';
    case 'runnable':
      if (ahead === 0) return 'waiting_for_worker';
      return ownEarlier > 0 ? 'behind_own_submissions' : 'behind_others';
  }
}

/** The reason as a sentence. */
export function describeWait(reason: QueueReason, facts: WaitFacts): string {
  const ahead = `${facts.ahead}${facts.isCapped ? '+' : ''} ${plural(facts.ahead, 'submission is', 'submissions are')} served before it`;
  const own = `${facts.ownEarlier} earlier ${plural(facts.ownEarlier, 'submission', 'submissions')} of yours`;
  const sentences: Record<QueueReason, string> = {
    waiting_for_worker: 'It is next and waits for a free worker.',
    behind_others: `${ahead}.`,
    behind_own_submissions: `${ahead}. ${own} ${plural(facts.ownEarlier, 'is', 'are')} not finished, and what one learner sends at a time waits behind what others send.`,
    queue_paused: 'Grading is paused by the operators. Your submission is safe and will be graded when it goes on.',
    queue_backend_unavailable:
      'The queue cannot be reached just now. Your submission is safe and will be graded when it can.',
    not_sent_yet: 'It is accepted and will be handed to the queue within seconds.',
    retrying: 'Grading it failed on our side and will be tried again shortly. This is not the fault of your code.',
    running: 'A worker has just taken it.',
    finished: 'It is finished.',
  };
  return sentences[reason];
}

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** Fewer say nothing about a rate. */
const MIN_WAITED_MS = 2000;
const MIN_FINISHED = 5;

/**
 * Milliseconds until grading starts, from how fast the queue moved while this very submission waited: all workers were busy then, so what
 * they finished is what they can. Null when that is too little to go by, or when the queue does not move by itself.
 */
export function estimateWaitMs(reason: QueueReason, facts: WaitFacts): number | null {
  const moves = reason === 'waiting_for_worker' || reason === 'behind_others' || reason === 'behind_own_submissions';
  if (!moves || facts.isCapped) return null;
  if (facts.waitedMs < MIN_WAITED_MS || facts.finishedMeanwhile < MIN_FINISHED) return null;
  return Math.round(((facts.ahead + 1) * facts.finishedSpanMs) / facts.finishedMeanwhile);
}
