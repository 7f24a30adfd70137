import { generate } from './generate.js';

/**
 * One pass over the scans, one over the manifest. Every question of the report is "have I met this id before?", and a
 * Set answers it in the same time for forty thousand ids as for four: n questions cost n, not n².
 */
export function reconcile(expected, scans) {
  const expectedIds = new Set(expected.map(({ id }) => id));

  const scannedIds = new Set();
  const unexpected = [];
  let lastMinute = null;
  for (const { id, minute } of scans) {
    // Compared as we go: `Math.max(...minutes)` would pass every scan as an argument of its own.
    if (lastMinute === null || minute > lastMinute) lastMinute = minute;
    if (scannedIds.has(id)) continue;
    scannedIds.add(id);
    if (!expectedIds.has(id)) unexpected.push(id);
  }

  const missing = [];
  const islands = {};
  for (const { id, island } of expected) {
    // These counters are born in this function; changing them in place harms nobody, copying them every time would.
    islands[island] ??= { expected: 0, arrived: 0 };
    islands[island].expected += 1;
    if (scannedIds.has(id)) islands[island].arrived += 1;
    else missing.push(id);
  }

  // What is not the first scan of its id is a repetition; no need to look for them.
  return { missing, unexpected, repeated: scans.length - scannedIds.size, lastMinute, islands };
}

export function christmasNight(seed, size) {
  const { expected, scans } = generate(seed, size);
  const { missing, unexpected, repeated, lastMinute, islands } = reconcile(expected, scans);
  return {
    missing: missing.length,
    firstMissing: missing.slice(0, 3),
    unexpected: unexpected.length,
    firstUnexpected: unexpected.slice(0, 3),
    repeated,
    lastMinute,
    islands,
  };
}
