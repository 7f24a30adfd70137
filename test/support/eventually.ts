import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for something to become true: asks again and again until it answers something other than null, undefined or false.
 *
 * @throws Error with `what` after the deadline; errors of single tries are kept as its cause.
 */
export async function eventually<Value>(
  what: string,
  ask: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  timeoutMs = 15_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) throw new Error(`Not in ${timeoutMs} ms: ${what}`, { cause: lastError });
    await sleep(25);
  }
}
