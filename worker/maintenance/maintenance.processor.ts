import { RELAY_BATCH, relayOutbox } from '../../shared/queues/outbox.ts';
import { getOutboxLagSeconds } from '../../shared/queues/outbox.repository.ts';
import type { OpenProcessorFor, WorkerDeps } from '../processor.ts';
import { continueRegrades } from './continue-regrades.ts';
import { eraseAccount, eraseClosedAccounts } from './erase-account.ts';
import { openAuditWatch } from './note-audit-head.ts';
import { prune } from './prune.ts';
import { Reconciler } from './reconciler.ts';
import { keepSchedulers } from './schedulers.ts';
import { tendReviews } from './tend-reviews.ts';

/** The platform's own upkeep: what was accepted gets into its queue, and back into it should the queue forget. */
export const openMaintenance: OpenProcessorFor<'maintenance'> = async (deps) => {
  const schedulers = await keepSchedulers(deps);
  const reconciler = new Reconciler(deps);
  const noteAuditHead = openAuditWatch(deps);
  return {
    process: async (job, signal) => {
      switch (job.name) {
        case 'relay-outbox':
          return relay(deps, signal);
        case 'reconcile':
          return reconciler.run();
        case 'continue-regrades':
          return continueRegrades(deps);
        case 'tend-reviews':
          return tendReviews(deps);
        case 'erase-account':
          return eraseAccount(deps, job.payload.userId, signal);
        case 'erase-accounts':
          return eraseClosedAccounts(deps, signal);
        case 'note-audit-head':
          return noteAuditHead();
        case 'prune':
          return prune(deps);
      }
    },
    checks: [],
    close: () => schedulers.stop(),
  };
};

/** Goes on until the outbox is empty: after an outage a batch a second would take too long. */
async function relay({ db, backend, metrics, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  let jobs = 0;
  for (let sent = RELAY_BATCH; sent === RELAY_BATCH && !signal.aborted; jobs += sent)
    sent = await relayOutbox(db, backend);
  metrics.outboxLag(await getOutboxLagSeconds(db));
  if (jobs > 0) log.info({ jobs }, 'sent jobs that were left in the outbox');
}
