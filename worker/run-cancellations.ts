import { listenPassword } from '../shared/config/database-password.ts';
import { listenUri } from '../shared/config/sections.ts';
import { ChangeWatch } from '../shared/db/change-watch.ts';
import { CHANNELS, openNotifications } from '../shared/db/notifications.ts';
import { listCancelledRuns } from '../shared/learning/grading-run.repository.ts';
import { warnSeldom } from '../shared/observability/log-once.ts';
import { observeNotifications } from '../shared/observability/notification.metrics.ts';
import type { WorkerDeps } from './processor.ts';

/** The learner does not want the result any more. The run is settled as cancelled already: there is nothing to hand back. */
export class RunCancelled extends Error {
  constructor() {
    super('The submission was cancelled.');
    this.name = 'RunCancelled';
  }
}

export interface RunCancellations {
  /**
   * Does work on a run under a signal that is also aborted, with `RunCancelled`, when the run is cancelled. Claim the run inside: what is
   * cancelled before then is not claimed, what is cancelled after is told.
   */
  during: <Result>(
    runId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ) => Promise<Result>;
  close: () => Promise<void>;
}

/** Listens for cancelled runs, whichever process cancels them. */
export function openRunCancellations({ config, db, log, registry }: WorkerDeps): RunCancellations {
  const notifications = openNotifications({
    uri: listenUri(config),
    password: listenPassword(config),
    channels: [CHANNELS.runCancelled],
    db,
    onError: warnSeldom(log, 'no notifications from the database; cancelled runs are polled'),
  });
  observeNotifications(registry, () => notifications.isLive());
  const changes = new ChangeWatch({
    notifications,
    channel: CHANNELS.runCancelled,
    poll: (runIds) => listCancelledRuns(db, runIds),
    onError: warnSeldom(log, 'cancelled runs could not be polled'),
  });
  return {
    during: async (runId, signal, work) => {
      const cancelled = new AbortController();
      const unwatch = changes.watch(runId, () => {
        cancelled.abort(new RunCancelled());
      });
      try {
        return await work(AbortSignal.any([signal, cancelled.signal]));
      } finally {
        unwatch();
      }
    },
    close: async () => {
      await Promise.all([changes.close(), notifications.close()]);
    },
  };
}
