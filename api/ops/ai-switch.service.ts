import type { DatabasePool } from 'slonik';
import { getAiSwitch, setAiSwitch } from '../../shared/ai/ai-switch.repository.ts';
import type { AiSwitch, AiSwitchRequest } from '../../shared/contracts/ops.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';

export interface AiSwitchDeps {
  db: DatabasePool;
}

export async function readAiSwitch({ db }: { db: Database }): Promise<AiSwitch> {
  const row = await getAiSwitch(db);
  return {
    enabled: row.enabled,
    reason: row.reason,
    changedBy: row.changed_by,
    changedAt: row.changed_at,
    spentThisHourMicros: row.spent_this_hour_micros,
  };
}

/** Each use of the switch is in the audit log. */
export async function changeAiSwitch(
  { db }: AiSwitchDeps,
  actor: Actor,
  { enabled, reason }: AiSwitchRequest,
  request: RequestFacts,
): Promise<AiSwitch> {
  return db.transaction(async (tx) => {
    await setAiSwitch(tx, { enabled, reason, changedBy: actor.id });
    const changed = await readAiSwitch({ db: tx });
    await recordAudit(tx, request, { action: 'ai.switch', actorId: actor.id, details: { enabled, reason } });
    return changed;
  });
}
