import type { ModuleStatus } from '../contracts/course.contract.ts';

/** Progress in percent: the share of solved exercises, 100 only when all are. */
export function progressPercent(solved: number, total: number): number {
  return total === 0 ? 0 : Math.floor((100 * solved) / total);
}

interface ModuleProgress {
  solved: number;
  total: number;
}

/**
 * The status of each module of a course, in order. In a sequential course a module is locked until the one before it is completed;
 * a module without exercises holds nobody up.
 */
export function moduleStatuses(modules: readonly ModuleProgress[], sequential: boolean): ModuleStatus[] {
  let open = true;
  return modules.map(({ solved, total }) => {
    const completed = solved >= total;
    const status: ModuleStatus = completed && total > 0 ? 'completed' : open || !sequential ? 'active' : 'locked';
    open = open && completed;
    return status;
  });
}

/** How a learner stands with an exercise: submissions that count as attempts, and the best score of them. */
export interface Standing {
  attempts: number;
  bestScore: number | null;
}

/** From what the database has; nothing when the exercise was never tried. */
export function standingOf(row: { attempts: number; best_score: number | null } | undefined): Standing {
  return { attempts: row?.attempts ?? 0, bestScore: row?.best_score ?? null };
}
