import type { Database } from '../db/pool.ts';
import { listSubmissionVersions } from './submission.repository.ts';

/**
 * A poll for a `ChangeWatch` of submissions: one query for all that are watched. What it meets for the first time counts as changed, since it
 * cannot know what its watcher has seen.
 */
export function createSubmissionPoll(db: Database): (ids: readonly string[]) => Promise<readonly string[]> {
  let known = new Map<string, string>();
  return async (ids) => {
    const rows = await listSubmissionVersions(db, ids);
    const changed = rows.filter(({ id, version }) => known.get(id) !== version).map(({ id }) => id);
    known = new Map(rows.map(({ id, version }) => [id, version]));
    return changed;
  };
}
