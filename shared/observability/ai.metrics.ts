import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BreakerState } from '../resilience/breaker.ts';

/** A model as metrics know it: its names as they are configured, never what a provider says. */
interface ModelLabels {
  provider: string;
  model: string;
}

interface RequestEnding extends ModelLabels {
  /** `answered`, or the fault. */
  outcome: string;
  seconds: number;
  inputTokens: number;
  outputTokens: number;
  costMicros: number;
}

export interface AiMetrics {
  requested: (ending: RequestEnding) => void;
  /** A question is done with: `answered`, or why there is no answer. */
  asked: (purpose: string, result: string) => void;
  breaker: (model: ModelLabels, state: BreakerState) => void;
  refused: (reason: string, model: ModelLabels) => void;
}

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const satisfies readonly BreakerState[];

export function createAiMetrics(registry: Registry): AiMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'ai_requests_total',
    help: 'Requests sent to language models',
    labelNames: ['provider', 'model', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'ai_request_duration_seconds',
    help: 'Time from sending a request to a language model to its end',
    labelNames: ['provider', 'model'],
    buckets: [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    registers,
  });
  const tokens = new Counter({
    name: 'ai_tokens_total',
    help: 'Tokens that language models counted',
    labelNames: ['provider', 'model', 'direction'],
    registers,
  });
  const cost = new Counter({
    name: 'ai_cost_micros_total',
    help: 'Known cost of language models, in millionths of a US dollar',
    labelNames: ['provider', 'model'],
    registers,
  });
  const questions = new Counter({
    name: 'ai_questions_total',
    help: 'Questions to language models by what came of them, failover and retries included',
    labelNames: ['purpose', 'result'],
    registers,
  });
  const refusals = new Counter({
    name: 'ai_refusals_total',
    help: 'Requests to language models that were not sent: budget used up, limit reached, provider pausing, switched off',
    labelNames: ['reason', 'provider', 'model'],
    registers,
  });
  const breaker = new Gauge({
    name: 'ai_breaker_state',
    help: '1 for the state that the circuit breaker of a model is in',
    labelNames: ['provider', 'model', 'state'],
    registers,
  });
  return {
    requested: ({ provider, model, outcome, seconds, inputTokens, outputTokens, costMicros }) => {
      requests.inc({ provider, model, outcome });
      duration.observe({ provider, model }, seconds);
      tokens.inc({ provider, model, direction: 'input' }, inputTokens);
      tokens.inc({ provider, model, direction: 'output' }, outputTokens);
      cost.inc({ provider, model }, costMicros);
    },
    asked: (purpose, result) => {
      questions.inc({ purpose, result });
    },
    breaker: ({ provider, model }, active) => {
      for (const state of BREAKER_STATES) breaker.set({ provider, model, state }, state === active ? 1 : 0);
    },
    refused: (reason, { provider, model }) => {
      refusals.inc({ reason, provider, model });
    },
  };
}
