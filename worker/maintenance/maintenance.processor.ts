import { relayOutbox } from '../../shared/queues/outbox.ts';
import { getOutboxLagSeconds } from '../../shared/queues/outbox.repository.ts';
import type { OpenProcessorFor, WorkerDeps } from '../processor.ts';
import { prune } from './prune.ts';
import { reconcile } from './reconcile.ts';
import { keepSchedulers } from './schedulers.ts';

/** The platform's own upkeep: what was accepted gets into its queue, and back into it should the queue forget. */
export const openMaintenance: OpenProcessorFor<'maintenance'> = async (deps) => {
  const schedulers = await keepSchedulers(deps);
  return {
    process: async (job) => {
      if (job.name === 'relay-outbox') await relay(deps);
      else if (job.name === 'reconcile') await reconcile(deps);
      else await prune(deps);
    },
    checks: [],
    close: () => schedulers.stop(),
  };
};

async function relay({ db, backend, metrics, log }: WorkerDeps): Promise<void> {
  const sent = await relayOutbox(db, backend);
  metrics.outboxLag(await getOutboxLagSeconds(db));
  if (sent > 0) log.info({ jobs: sent }, 'sent jobs that were left in the outbox');
}
