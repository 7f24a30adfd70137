import { requestReviewJob } from '../../shared/learning/request-review.ts';
import {
  countUpgradesInFlight,
  forgetOldUpgrades,
  hastenOverdueReviews,
  reopenUpgradable,
  tryLeadUpgrades,
} from '../../shared/learning/review-work.repository.ts';
import { REVIEW_PRIORITY } from '../../shared/queues/review.queue.ts';
import type { WorkerDeps } from '../processor.ts';
import { ASKED_SHARE_OF_DEADLINE } from '../review/review-deadline.ts';

/** How many overdue reviews one round moves to the front. */
const MAX_HASTENED = 500;
/** Reviews that may be in the making to become better, at once. Also what one round asks for at most. */
const MAX_IN_FLIGHT = 20;

type TendDeps = Pick<WorkerDeps, 'config' | 'db' | 'log'>;

/** Looks after reviews that are made, or are not made, by themselves. */
export async function tendReviews(deps: TendDeps): Promise<void> {
  await hastenOverdue(deps);
  await upgradeReviews(deps);
}

/** A learner's tenth review waits behind everybody's first, but not for ever: in the end it is there to be made a static one at once. */
async function hastenOverdue({ config, db, log }: TendDeps): Promise<void> {
  const overdueMs = config.REVIEW_DEADLINE_SECONDS * 1000 * ASKED_SHARE_OF_DEADLINE;
  const hastened = await db.transaction(async (tx) => {
    const reviews = await hastenOverdueReviews(tx, overdueMs, MAX_HASTENED);
    for (const review of reviews) await requestReviewJob(tx, review);
    return reviews.length;
  });
  if (hastened > 0) log.warn({ reviews: hastened }, 'overdue reviews moved to the front');
}

/**
 * Asks again for the static reviews of the last hours that were to be more: their provider was away, or a budget or the switch was in the
 * way. Behind all other reviews, few at a time, and what there is stays readable meanwhile.
 */
async function upgradeReviews({ config, db, log }: TendDeps): Promise<void> {
  const windowMs = config.REVIEW_UPGRADE_HOURS * 3_600_000;
  const requested = await db.transaction(async (tx) => {
    // Two workers at it at once would each fill the room.
    if (!(await tryLeadUpgrades(tx))) return 0;
    await forgetOldUpgrades(tx, windowMs);
    const room = MAX_IN_FLIGHT - (await countUpgradesInFlight(tx));
    if (room <= 0) return 0;
    const again = { reason: 'upgrade', priority: REVIEW_PRIORITY.upgrade } as const;
    const reviews = await reopenUpgradable(tx, windowMs, again, room);
    // Left to the relay, which sends them together.
    for (const review of reviews) await requestReviewJob(tx, review);
    return reviews.length;
  });
  if (requested > 0) log.info({ reviews: requested }, 'static reviews are tried to be made better');
}
