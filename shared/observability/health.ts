import type { Readiness } from '../contracts/ops.contract.ts';
import { withTimeout } from '../resilience/deadline.ts';

/** One thing a process needs. A process without something `required` is unavailable, without another it is degraded. */
export interface HealthCheck {
  name: string;
  required: boolean;
  /** @throws with a message that says what is wrong. */
  check: () => Promise<void> | void;
}

const CHECK_TIMEOUT_MS = 2000;

/** Runs all checks at once, each within two seconds. */
export async function runHealthChecks(checks: readonly HealthCheck[]): Promise<Readiness> {
  const results = await Promise.all(checks.map(runCheck));
  const failed = results.filter((result) => !result.ok);
  const status = failed.length === 0 ? 'ready' : failed.some((result) => result.required) ? 'unavailable' : 'degraded';
  return {
    status,
    checks: Object.fromEntries(
      results.map(({ name, ok, detail }) => [name, detail === undefined ? { ok } : { ok, detail }]),
    ),
  };
}

async function runCheck({ name, required, check }: HealthCheck) {
  try {
    await withTimeout(Promise.resolve(check()), CHECK_TIMEOUT_MS, 'no answer in time');
    return { name, required, ok: true, detail: undefined };
  } catch (error) {
    return { name, required, ok: false, detail: describe(error) };
  }
}

/** Anybody may read it: of what a driver says, which names hosts and users, only the code is told. */
function describe(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message.slice(0, 200) : 'failed');
}

function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return typeof code === 'string' ? code : codeOf(cause);
}
