import { createReviewMetrics } from '../../../shared/observability/review.metrics.ts';
import { aiSettings, toAiSettings } from '../../../shared/config/ai.section.ts';
import { loadConfig, type Environment } from '../../../shared/config/env.ts';
import { costMicros } from '../../../shared/ai/prices.ts';
import type { ReviewBody } from '../../../shared/contracts/review.contract.ts';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { NoAnswer, type AiClient } from '../../../worker/ai/ai-client.ts';
import { askModel } from '../../../worker/ai/ask-model.ts';
import { openProvider } from '../../../worker/ai/providers/providers.ts';
import { Spending } from '../../../worker/ai/spending.ts';
import { askForReview } from '../../../worker/review/ask-review.ts';
import type { StaticFacts } from '../../../worker/review/facts.ts';
import type { ReviewSubject } from '../../../worker/review/subject.ts';

/** The configured language model, asked through the pipeline's own steps. */
export type LiveReviewer = {
  name: string;
  review(
    subject: ReviewSubject,
    facts: StaticFacts,
  ): Promise<{ body: ReviewBody; costMicros: number } | { failed: string; costMicros: number }>;
};

/**
 * The first provider of the environment, without the limits and budgets that need a database; null when none is configured.
 * @throws ConfigError for settings that cannot be right.
 */
export function openLiveReviewer(environment: Environment): LiveReviewer | null {
  const settings = toAiSettings(loadConfig(z.object(aiSettings), environment));
  const [chosen] = settings.providers;
  if (chosen === undefined) return null;
  const provider = openProvider(chosen);
  const ai: AiClient = {
    isConfigured: true,
    modelKey: `${provider.name}:${provider.model}`,
    ask: async (question, _purpose, signal) => {
      const spending = new Spending();
      const patience = AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)]);
      try {
        const value = await askModel(
          {
            send: async (asked, sendSignal) => {
              const answer = await provider.ask(asked, sendSignal);
              spending.add(answer.usage, costMicros(chosen.price, answer.usage));
              return answer;
            },
            signal: patience,
            deadline: performance.now() + settings.timeoutMs,
            retryDelayMs: settings.retryDelayMs,
          },
          question,
        );
        return {
          value,
          provider: provider.name,
          model: provider.model,
          usage: spending.usage,
          costMicros: spending.costMicros,
        };
      } catch (error) {
        throw new NoAnswer('provider_unavailable', {
          usage: spending.usage,
          costMicros: spending.costMicros,
          cause: error,
        });
      }
    },
  };
  const deps = { ai, log: pino({ level: 'silent' }), reviewMetrics: createReviewMetrics(new Registry()) };
  return {
    name: ai.modelKey,
    review: async (subject, facts) => {
      try {
        const purpose = { kind: 'review', learnerId: null, subjectId: 'evaluation' } as const;
        return await askForReview(deps, subject, facts, purpose, new AbortController().signal);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        const { cause } = error;
        return { failed: cause instanceof Error ? cause.message : error.message, costMicros: error.costMicros };
      }
    },
  };
}
