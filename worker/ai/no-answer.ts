import { BreakerOpen } from '../../shared/resilience/breaker.ts';
import { NotAdmitted, type Refusal } from './admission.ts';
import { NoAnswer } from './ai-client.ts';
import { ProviderError, type ProviderFault } from './provider.ts';

/** Why one model gave no answer. Any other error is not about models. */
export type AskingFailure = ProviderError | NotAdmitted | BreakerOpen;

/** How long to leave a provider alone that has too many requests and does not say for how long. */
const UNTOLD_WAIT_MS = 10_000;

/** These hold for every provider, so that asking the next is of no use. */
const ENDING_REFUSALS = [
  'switched_off',
  'budget_learner',
  'budget_platform',
] as const satisfies readonly Refusal['reason'][];
type EndingRefusal = (typeof ENDING_REFUSALS)[number];

const OPERATORS_FAULTS: readonly ProviderFault[] = ['bad_request', 'unauthorized', 'quota'];
const UNUSABLE: readonly ProviderFault[] = ['invalid_answer', 'truncated'];

export function isAskingFailure(error: unknown): error is AskingFailure {
  return error instanceof ProviderError || error instanceof NotAdmitted || error instanceof BreakerOpen;
}

/** Whether no other provider is to be asked. Who is refused an answer does not go shopping for one. */
export function endsAsking(failure: AskingFailure): boolean {
  return endingRefusal(failure) !== null || (failure instanceof ProviderError && failure.fault === 'refused');
}

function endingRefusal(failure: AskingFailure): EndingRefusal | null {
  if (!(failure instanceof NotAdmitted)) return null;
  return ENDING_REFUSALS.find((reason) => reason === failure.refusal.reason) ?? null;
}

/** Whether only a person can mend it: a wrong key, an empty account, a request that the provider does not understand. */
export function needsAnOperator(failure: AskingFailure): boolean {
  return failure instanceof ProviderError && OPERATORS_FAULTS.includes(failure.fault);
}

/** What the failures of all models that were asked, in their order, come to for whoever asked. */
export function toNoAnswer(
  failures: readonly AskingFailure[],
  spent: Pick<NoAnswer, 'usage' | 'costMicros'>,
): NoAnswer {
  const last = failures.at(-1);
  if (last === undefined) return new NoAnswer('no_provider', spent);
  const details = { ...spent, cause: last };
  const refusal = endingRefusal(last);
  if (refusal !== null) return new NoAnswer(refusal, details);
  if (endsAsking(last)) return new NoAnswer('provider_refused', details);
  const waits = failures.map(waitMsOf).filter((waitMs) => waitMs !== null);
  if (waits.length > 0) return new NoAnswer('provider_unavailable', { ...details, retryAfterMs: Math.min(...waits) });
  const isUnusable = failures.every((failure) => failure instanceof ProviderError && UNUSABLE.includes(failure.fault));
  return new NoAnswer(isUnusable ? 'invalid_answer' : 'provider_unavailable', details);
}

/** After how long a model may answer, when only a limit or its own wish is in the way. */
function waitMsOf(failure: AskingFailure): number | null {
  if (failure instanceof NotAdmitted) return failure.refusal.retryAfterMs;
  if (!(failure instanceof ProviderError)) return null;
  return failure.retryAfterMs ?? (failure.fault === 'rate_limited' ? UNTOLD_WAIT_MS : null);
}
