import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import type { ProviderSettings } from '../../../shared/config/ai.section.ts';
import type { TokenUsage } from '../../../shared/contracts/review.contract.ts';
import { ProviderError, type Provider, type Question, type RawAnswer } from '../provider.ts';
import { TokenCount } from '../usage.ts';
import { exchange, SDK_OPTIONS, usageOr } from './answer-body.ts';

const PROVIDER = 'anthropic';

/** As much of a message as matters here. */
const Message = z.object({
  model: z.string().catch(''),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string().nullable(),
  usage: z
    .object({
      input_tokens: TokenCount,
      output_tokens: TokenCount,
      cache_creation_input_tokens: TokenCount.nullish(),
      cache_read_input_tokens: TokenCount.nullish(),
    })
    .nullish()
    .catch(null),
});
type Message = z.output<typeof Message>;

/** Anthropic's Messages API with structured output. */
export function anthropicProvider({ apiKey, baseUrl, model }: ProviderSettings): Provider {
  // Everything that the SDK would otherwise look up in the environment or in files is given.
  const client = new Anthropic({ ...SDK_OPTIONS, apiKey, authToken: null, baseURL: baseUrl, webhookKey: null });
  return {
    name: PROVIDER,
    model,
    ask: async (question, signal) => {
      const request = {
        model,
        max_tokens: question.maxOutputTokens,
        system: question.system,
        messages: [{ role: 'user' as const, content: question.user }],
        output_config: { format: formatOf(question) },
      };
      const message = await exchange(PROVIDER, Message, signal, () =>
        client.messages.create(request, { signal }).asResponse(),
      );
      return readMessage(question, message);
    },
  };
}

function formatOf({ schema }: Question): { type: 'json_schema'; schema: Record<string, unknown> } {
  return { type: 'json_schema', schema: zodOutputFormat(schema).schema };
}

function readMessage(question: Question, message: Message): RawAnswer {
  const text = message.content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
  const usage = usageOr(countOf(message), question, text);
  switch (message.stop_reason ?? '') {
    case 'end_turn':
    case 'stop_sequence':
      break;
    case 'refusal':
      throw new ProviderError('refused', `${PROVIDER} refused to answer`, { usage });
    case 'max_tokens':
    case 'model_context_window_exceeded':
      throw new ProviderError('truncated', `${PROVIDER} ran out of tokens`, { usage });
    default:
      throw new ProviderError('invalid_answer', `${PROVIDER} stopped for an unknown reason`, { usage });
  }
  if (text.trim() === '') throw new ProviderError('invalid_answer', `${PROVIDER} sent an empty answer`, { usage });
  return { text, usage, model: message.model };
}

function countOf({ usage }: Message): TokenUsage | null {
  if (usage === null || usage === undefined) return null;
  const cached = (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  return { inputTokens: usage.input_tokens + cached, outputTokens: usage.output_tokens };
}
