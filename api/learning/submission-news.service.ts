import type { DatabasePool } from 'slonik';
import {
  isFinished,
  type SubmissionStatus,
  type SubmissionSummary,
  type SubmissionView,
} from '../../shared/contracts/submission.contract.ts';
import { isDatabaseUnavailable } from '../../shared/db/database-errors.ts';
import { AppError } from '../../shared/errors.ts';
import type { Actor, RequestFacts, StreamEvent } from '../http/define-route.ts';
import { getSubmission } from './submission.service.ts';
import type { SubmissionWatchers, Watcher, WatcherRefusal } from './submission-watchers.ts';

export interface NewsDeps {
  db: DatabasePool;
  watchers: SubmissionWatchers;
}

/**
 * The submission, held back for at most `waitSeconds` until there is something new to tell: it is finished, its status is another than at
 * the start of the wait or, with an If-None-Match, the answer is another than the client has. Where too many wait already, the answer comes
 * at once.
 *
 * @throws AppError NOT_FOUND when there is none or it is another learner's.
 */
export async function waitForSubmission(
  { db, watchers }: NewsDeps,
  actor: Actor,
  id: string,
  waitSeconds: number,
  request: RequestFacts,
): Promise<SubmissionView> {
  return holdBack(watchers, { actor, submissionId: id, waitSeconds, request }, () => getSubmission({ db }, actor, id), {
    isOver: ({ status }) => isFinished(status),
  });
}

interface Wait {
  actor: Actor;
  /** Whose changes are waited for. */
  submissionId: string;
  waitSeconds: number;
  request: RequestFacts;
}

/** What `read` gives, held back until there is something new to tell, as `waitForSubmission` says. `isOver`: nothing more is to come. */
export async function holdBack<View extends { status: string }>(
  watchers: SubmissionWatchers,
  { actor, submissionId, waitSeconds, request: { signal, hasCopyOf } }: Wait,
  read: () => Promise<View>,
  { isOver }: { isOver: (view: View) => boolean },
): Promise<View> {
  const first = await read();
  const isNews = (view: View): boolean =>
    isOver(view) || (hasCopyOf === null ? view.status !== first.status : !hasCopyOf(view));
  if (waitSeconds === 0 || isNews(first)) return first;

  const watcher = watchers.open({ kind: 'wait', learnerId: actor.id, submissionId, signal });
  if (typeof watcher === 'string') return first;
  try {
    const deadline = performance.now() + waitSeconds * 1000;
    for (;;) {
      const current = await read();
      if (isNews(current)) return current;
      if ((await watcher.next(deadline - performance.now())) !== 'changed') return current;
    }
  } finally {
    watcher.close();
  }
}

type StatusEvent = StreamEvent<{ status: typeof SubmissionSummary }>;

/**
 * The submission's status now, and again at each change until it is finished. Null when the client has seen the last one already.
 *
 * @throws AppError NOT_FOUND; TOO_MANY_STREAMS for one learner, SERVICE_UNAVAILABLE for all.
 */
export async function streamSubmission(
  { db, watchers }: NewsDeps,
  actor: Actor,
  id: string,
  { signal, lastEventId }: RequestFacts,
): Promise<AsyncIterable<StatusEvent> | null> {
  const { status } = await getSubmission({ db }, actor, id);
  if (isFinished(status) && lastEventId === eventId(status)) return null;
  const watcher = watchers.open({ kind: 'stream', learnerId: actor.id, submissionId: id, signal });
  if (typeof watcher === 'string') throw refusedStream(watcher);
  return statusEvents(watcher, () => getSubmission({ db }, actor, id));
}

/** A client whose stream ends unfinished comes back, and is authorised anew. */
const MAX_STREAM_MS = 5 * 60_000;
const DATABASE_RETRY_MS = 1000;

async function* statusEvents(watcher: Watcher, read: () => Promise<SubmissionView>): AsyncGenerator<StatusEvent> {
  const deadline = performance.now() + MAX_STREAM_MS;
  let told: SubmissionStatus | null = null;
  try {
    for (;;) {
      const current = await readIfPossible(read);
      if (current === 'gone') return;
      if (current !== 'unavailable' && current.status !== told) {
        told = current.status;
        yield { event: 'status', id: eventId(told), data: current };
        if (isFinished(told)) return;
      }
      const leftMs = deadline - performance.now();
      const news = await watcher.next(current === 'unavailable' ? DATABASE_RETRY_MS : leftMs);
      if (news === 'ended' || leftMs <= 0) return;
    }
  } finally {
    watcher.close();
  }
}

/** A browser gives up on a stream that is answered with an error, so an open one outlasts a database that is away for a while. */
async function readIfPossible(read: () => Promise<SubmissionView>): Promise<SubmissionView | 'gone' | 'unavailable'> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return 'gone';
    if (isDatabaseUnavailable(error)) return 'unavailable';
    throw error;
  }
}

/** What a client that comes back names as the last that it saw. The status says enough: it is sent again to everybody who comes. */
const eventId = (status: SubmissionStatus): string => status;

function refusedStream(refusal: WatcherRefusal): AppError {
  return refusal === 'too_many_of_learner'
    ? new AppError('TOO_MANY_STREAMS', 'You have too many streams open; close one, or poll.', { retryAfterSeconds: 5 })
    : new AppError('SERVICE_UNAVAILABLE', 'Too many streams are open; poll, or try again shortly.', {
        retryAfterSeconds: 5,
      });
}
