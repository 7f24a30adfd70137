import { createHash } from 'node:crypto';
import type { IdentityMetrics } from '../../../shared/observability/identity.metrics.ts';
import { Breaker, BreakerOpen } from '../../../shared/resilience/breaker.ts';

const TIMEOUT_MS = 1500;
/** An answer has about a thousand lines of 40 characters. */
const MAX_BYTES = 262_144;
const PREFIX_LENGTH = 5;
const FAILURES = 5;
const WINDOW_MS = 60_000;
const OPEN_MS = 30_000;

/** Knows whether a password is in a list of those that were stolen somewhere and published. */
export interface BreachedPasswords {
  /** When the list cannot be asked the answer is false: somebody else's outage must not keep people from choosing a password. */
  includes: (password: string) => Promise<boolean>;
}

interface BreachedPasswordsOptions {
  /** Of a range API as of Have I Been Pwned; absent: nobody is asked. */
  url: string | undefined;
  metrics: Pick<IdentityMetrics, 'breachCheck'>;
  onError: (error: Error) => void;
}

/** Asks a range API: it is told the first five hex digits of a SHA-1, and never learns which of the hundreds that begin so was meant. */
export function createBreachedPasswords({ url, metrics, onError }: BreachedPasswordsOptions): BreachedPasswords {
  if (url === undefined) return { includes: () => Promise.resolve(false) };
  const base = url.endsWith('/') ? url : `${url}/`;
  const breaker = new Breaker({
    failures: FAILURES,
    windowMs: WINDOW_MS,
    openMs: OPEN_MS,
    judge: () => 'failure',
    onChange: () => {},
    onClose: () => {},
  });
  return {
    includes: async (password) => {
      const digest = createHash('sha1').update(password.normalize('NFKC')).digest('hex').toUpperCase();
      try {
        const range = await breaker.run(() => fetchRange(base, digest.slice(0, PREFIX_LENGTH)));
        const isBreached = hasSuffix(range, digest.slice(PREFIX_LENGTH));
        metrics.breachCheck(isBreached ? 'breached' : 'clean');
        return isBreached;
      } catch (error) {
        metrics.breachCheck('unavailable');
        if (!(error instanceof BreakerOpen))
          onError(new Error('the list of breached passwords gave no answer', { cause: error }));
        return false;
      }
    },
  };
}

async function fetchRange(base: string, prefix: string): Promise<string> {
  const response = await fetch(base + prefix, {
    // Padding makes all answers about equally long, so that their size does not tell the range to whoever watches the line.
    headers: { 'Add-Padding': 'true', 'User-Agent': 'Learnify' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`It answered ${response.status}.`);
  }
  return readBounded(response);
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`Its answer is longer than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

/** Lines are `suffix:count`; those with a count of 0 are padding. */
function hasSuffix(range: string, suffix: string): boolean {
  return range.split('\n').some((line) => {
    const [candidate = '', count = ''] = line.trim().split(':');
    return candidate.toUpperCase() === suffix && Number(count) > 0;
  });
}
