import type { GuardScope } from '../../../shared/identity/login-guard.repository.ts';

const MINUTE = 60;
const HOUR = 3600;

/**
 * How a subject's failures are judged. One failure is forgiven whenever `forgivenEverySeconds` have passed: what people mistype on a busy day
 * never adds up, what is guessed all night does.
 */
export interface GuardRule {
  failuresBeforeDelay: number;
  forgivenEverySeconds: number;
  longestDelaySeconds: number;
}

export type GuardRules = Readonly<Record<GuardScope, GuardRule>>;

/**
 * What belongs to one person waits after `failuresBeforeDelay`. What many share, namely a network and an account that is tried from
 * several networks, bears four times as many. A network waits a minute at most: its other people did nothing, and no reset of theirs helps.
 */
export function guardRules(failuresBeforeDelay: number): GuardRules {
  const own = { failuresBeforeDelay, forgivenEverySeconds: HOUR, longestDelaySeconds: HOUR / 4 };
  const shared = { ...own, failuresBeforeDelay: 4 * failuresBeforeDelay };
  const account = { ...shared, forgivenEverySeconds: HOUR / 4 };
  return {
    account_network: own,
    device: own,
    second_factor: own,
    account,
    account_spent: account,
    network: { ...shared, forgivenEverySeconds: MINUTE, longestDelaySeconds: MINUTE },
  };
}

/** The failures after one more, `idleSeconds` after those that were counted. */
export function addFailure(failures: number, idleSeconds: number, rule: GuardRule): number {
  const remembered = Math.max(0, failures - Math.max(0, idleSeconds) / rule.forgivenEverySeconds);
  const doublingsToLongest = Math.ceil(Math.log2(rule.longestDelaySeconds));
  return Math.min(remembered + 1, rule.failuresBeforeDelay + doublingsToLongest);
}

/** How long, in seconds, nothing is looked at after so many failures: 1, 2, 4 … up to the longest delay. */
export function delayAfter(failures: number, rule: GuardRule): number {
  const doublings = Math.ceil(failures) - rule.failuresBeforeDelay;
  return doublings < 0 ? 0 : Math.min(2 ** doublings, rule.longestDelaySeconds);
}
