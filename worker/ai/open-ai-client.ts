import type { Registry } from 'prom-client';
import type { z } from 'zod';
import { toAiSettings, type ProviderSettings } from '../../shared/config/ai.section.ts';
import { createAiMetrics } from '../../shared/observability/ai.metrics.ts';
import { Breaker } from '../../shared/resilience/breaker.ts';
import { NotAdmitted } from './admission.ts';
import { NoAnswer, type AiClient, type Answer, type Purpose } from './ai-client.ts';
import { askModel, LEAST_TIME_MS } from './ask-model.ts';
import { endsAsking, isAskingFailure, needsAnOperator, toNoAnswer, type AskingFailure } from './no-answer.ts';
import type { Question } from './provider.ts';
import { openProvider } from './providers/providers.ts';
import { createSendRequest, judgeError, type Lane, type SendDeps } from './send-request.ts';
import { Spending } from './spending.ts';

const BREAKER_WINDOW_MS = 60_000;

export type AiClientDeps = Pick<SendDeps, 'db' | 'log'> & {
  config: Parameters<typeof toAiSettings>[0];
  registry: Registry;
};

export type AiClientOptions = {
  /** Called when a provider that was out of order answers again. */
  onRecovery?: (provider: string) => void;
};

/** Opens the one client of a process: its circuit breakers and metrics are the process's. It holds nothing that must be closed. */
export function openAiClient(deps: AiClientDeps, { onRecovery = () => undefined }: AiClientOptions = {}): AiClient {
  const settings = toAiSettings(deps.config);
  const metrics = createAiMetrics(deps.registry);
  const sending = { db: deps.db, log: deps.log, settings, metrics };
  const lanes = settings.providers.map((provider) => openLane(sending, provider, onRecovery));
  return {
    isConfigured: lanes.length > 0,
    modelKey: lanes.map(({ provider }) => `${provider.name}:${provider.model}`).join(','),
    ask: async (question, purpose, signal) => {
      try {
        const answer = await askInOrder(sending, lanes, question, purpose, signal);
        metrics.asked(purpose.kind, 'answered');
        return answer;
      } catch (error) {
        metrics.asked(purpose.kind, error instanceof NoAnswer ? error.reason : signal.aborted ? 'aborted' : 'error');
        throw error;
      }
    },
  };
}

function openLane(
  { settings, metrics, log }: SendDeps,
  providerSettings: ProviderSettings,
  onRecovery: (provider: string) => void,
): Lane {
  const provider = openProvider(providerSettings);
  const name = { provider: provider.name, model: provider.model };
  const breaker = new Breaker({
    ...settings.breaker,
    windowMs: BREAKER_WINDOW_MS,
    judge: judgeError,
    onChange: (state) => {
      metrics.breaker(name, state);
      log[state === 'open' ? 'warn' : 'debug']({ ...name, state }, 'circuit breaker of a language model');
    },
    onClose: () => onRecovery(provider.name),
  });
  return { provider, breaker, price: providerSettings.price };
}

/** Asks the models in their order until one answers, all within one deadline. */
async function askInOrder<Schema extends z.ZodType>(
  deps: SendDeps,
  lanes: readonly Lane[],
  question: Question<Schema>,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Answer<z.output<Schema>>> {
  signal.throwIfAborted();
  const spending = new Spending();
  const { timeoutMs, retryDelayMs } = deps.settings;
  const deadline = performance.now() + timeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  const whole = AbortSignal.any([signal, timeout]);
  const failures: AskingFailure[] = [];
  for (const lane of lanes) {
    if (failures.length > 0 && performance.now() + LEAST_TIME_MS > deadline) break;
    const { provider } = lane;
    const send = createSendRequest(deps, lane, purpose, spending);
    try {
      const value = await askModel({ send, signal: whole, deadline, retryDelayMs }, question);
      return { value, provider: provider.name, model: provider.model, ...spent(spending) };
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) throw new NoAnswer('deadline', { ...spent(spending), cause: error });
      if (!isAskingFailure(error)) throw error;
      report(deps, lane, error);
      failures.push(error);
      if (endsAsking(error)) break;
    }
  }
  throw toNoAnswer(failures, spent(spending));
}

const spent = ({ usage, costMicros }: Spending): Pick<NoAnswer, 'usage' | 'costMicros'> => ({ usage, costMicros });

function report({ log, metrics }: SendDeps, { provider }: Lane, error: AskingFailure): void {
  const name = { provider: provider.name, model: provider.model };
  if (error instanceof NotAdmitted) metrics.refused(error.refusal.reason, name);
  log[needsAnOperator(error) ? 'error' : 'info']({ ...name, err: error }, 'no answer from a language model');
}
