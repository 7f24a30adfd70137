/**
 * Combines a kind with everything it builds on into one plan for handling it.
 *
 * @param {Record<string, { builds?: string[], rules?: object }>} catalogue
 * @param {string} kind
 * @returns {{ ok: true, plan: object } | { ok: false, error: string }}
 */
export function handlingPlan(catalogue, kind) {
  const plan = { minC: -20, maxC: 40, priority: 0, signature: false, stackable: true, steps: [] };

  // Only ordinary things so far.
  return { ok: true, plan };
}
