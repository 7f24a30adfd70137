import { readFileSync } from 'node:fs';

/** Of Linux on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Cpu time that a process and those below it have used so far, in milliseconds; null where /proc does not tell. */
export function cpuMsOfTree(pid: number): number | null {
  try {
    return readTree(pid);
  } catch {
    // No Linux, or gone meanwhile.
    return null;
  }
}

function readTree(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name in parentheses, which may hold anything, come state and parent; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + (cpuMsOfTree(Number(child)) ?? 0), own);
}
