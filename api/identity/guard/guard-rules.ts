import type { GuardScope } from '../../../shared/identity/login-guard.repository.ts';

const LONGEST_DELAY_SECONDS = 15 * 60;
/** Beyond so many failures the delay grows no more: 2 ** 10 s is over a quarter of an hour. */
const GROWING_FAILURES = 10;
const HOUR = 3600;

/**
 * How a subject's failures are judged. One failure is forgiven whenever `forgivenEverySeconds` have passed: what people mistype on a busy day
 * never adds up, what is guessed all night does.
 */
export interface GuardRule {
  failuresBeforeDelay: number;
  forgivenEverySeconds: number;
}

export type GuardRules = Readonly<Record<GuardScope, GuardRule>>;

/**
 * What belongs to one person waits after `failuresBeforeDelay`. What many share, namely a network and an account that is tried from
 * several networks, bears four times as many.
 */
export function guardRules(failuresBeforeDelay: number): GuardRules {
  const own = { failuresBeforeDelay, forgivenEverySeconds: HOUR };
  return {
    account_network: own,
    device: own,
    second_factor: own,
    account: { failuresBeforeDelay: 4 * failuresBeforeDelay, forgivenEverySeconds: HOUR / 4 },
    network: { failuresBeforeDelay: 4 * failuresBeforeDelay, forgivenEverySeconds: 60 },
  };
}

/** The failures after one more, `idleSeconds` after those that were counted. */
export function addFailure(failures: number, idleSeconds: number, rule: GuardRule): number {
  const remembered = Math.max(0, failures - Math.max(0, idleSeconds) / rule.forgivenEverySeconds);
  return Math.min(remembered + 1, rule.failuresBeforeDelay + GROWING_FAILURES);
}

/** How long, in seconds, nothing is looked at after so many failures: 1, 2, 4 … up to a quarter of an hour. */
export function delayAfter(failures: number, rule: GuardRule): number {
  const doublings = Math.ceil(failures) - rule.failuresBeforeDelay;
  return doublings < 0 ? 0 : Math.min(2 ** doublings, LONGEST_DELAY_SECONDS);
}
