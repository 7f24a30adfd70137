/**
 * Applies the rules on the wall to one reading.
 *
 * @returns {{ rule: number, decision: 'sail' | 'slow' | 'stay', reason: string }}
 */
export function decide(reading) {
  // The captain is an optimist. The insurance company is not.
  return { rule: 7, decision: 'sail', reason: 'all clear' };
}

/** What the captain writes down over a day: the first decision, then every change. */
export function logbook(readings) {
  return [];
}
