/**
 * Runs a day at Skerry Post.
 *
 * @param {{ key: string, type: string }[]} commands
 * @returns {{ answers: object[], report: object }}
 */
export function runDay(commands) {
  const answers = commands.map(({ key }) => ({ key, ok: false, reason: 'unknown command' }));

  return {
    answers,
    report: { waiting: [], ashore: [], delivered: [], cashOre: 0, dueOre: 0, busiest: null },
  };
}
