import { z } from 'zod';
import type { TokenUsage } from '../../../shared/contracts/review.contract.ts';
import { ProviderError, type Question, type RawAnswer } from '../provider.ts';
import { TokenCount } from '../usage.ts';
import { reportedFault, usageOr } from './answer-body.ts';

const PROVIDER = 'openai';

/** As much of a chat completion as matters here. Some servers report errors in its place, with status 200. */
export const ChatCompletion = z
  .object({
    model: z.string().catch(''),
    error: z.object({ code: z.unknown() }).nullish(),
    choices: z
      .array(
        z.object({
          finish_reason: z.string().nullish(),
          message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        }),
      )
      .default([]),
    usage: z.object({ prompt_tokens: TokenCount, completion_tokens: TokenCount }).nullish().catch(null),
  })
  .refine(({ error, choices }) => (error ?? null) !== null || choices.length > 0);
type ChatCompletion = z.output<typeof ChatCompletion>;

/** @throws ProviderError unless it came to its end and says something. */
export function readChatCompletion(question: Question, body: ChatCompletion): RawAnswer {
  const [choice] = body.choices;
  const text = choice?.message.content ?? '';
  const counted = countOf(body);
  const usage = usageOr(counted, question, text);
  if ((body.error ?? null) !== null) throw reportedFault(PROVIDER, body.error?.code, counted);
  if ((choice?.message.refusal ?? '') !== '') {
    throw new ProviderError('refused', `${PROVIDER} refused to answer`, { usage });
  }
  switch (choice?.finish_reason ?? '') {
    case 'stop':
      break;
    case 'content_filter':
      throw new ProviderError('refused', `${PROVIDER} filtered the answer`, { usage });
    case 'length':
      throw new ProviderError('truncated', `${PROVIDER} ran out of tokens`, { usage });
    default:
      throw new ProviderError('invalid_answer', `${PROVIDER} stopped for an unknown reason`, { usage });
  }
  if (text.trim() === '') throw new ProviderError('invalid_answer', `${PROVIDER} sent an empty answer`, { usage });
  return { text, usage, model: body.model };
}

function countOf({ usage }: ChatCompletion): TokenUsage | null {
  return usage ? { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens } : null;
}
