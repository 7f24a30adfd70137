import type { Outcome, Task } from '../protocol.ts';

/** How many outcomes follow that of loading. */
export function stepsAfter(task: Task, load: Outcome): number {
  if (load.kind === 'loaded' && task.kind === 'calls') return task.calls.length;
  if (load.kind === 'loaded' && task.kind === 'queries') return task.queries.length;
  if (load.kind !== 'collected' || task.kind !== 'suite') return 0;
  return Math.max(0, load.cases.filter((found) => found.runs).length - task.from);
}

/** The same task without its first steps. */
export function withoutSteps(task: Task, done: number): Task {
  if (task.kind === 'calls') return { ...task, calls: task.calls.slice(done) };
  if (task.kind === 'queries') return { ...task, queries: task.queries.slice(done) };
  return task.kind === 'suite' ? { ...task, from: task.from + done } : task;
}
