import { z } from 'zod';
import type { TokenUsage } from '../../../shared/contracts/review.contract.ts';
import { ProviderError, type Question, type RawAnswer } from '../provider.ts';
import { TokenCount } from '../usage.ts';
import { reportedFault, usageOr } from './answer-body.ts';

const PROVIDER = 'openai';

/** As much of a response as matters here. */
export const ResponseBody = z.object({
  model: z.string().catch(''),
  status: z.string().nullish(),
  error: z.object({ code: z.unknown() }).nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  output: z
    .array(
      z.object({
        type: z.string(),
        content: z
          .array(z.object({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() }))
          .nullish(),
      }),
    )
    .default([]),
  usage: z.object({ input_tokens: TokenCount, output_tokens: TokenCount }).nullish().catch(null),
});
type ResponseBody = z.output<typeof ResponseBody>;

/** @throws ProviderError unless it is completed and says something. */
export function readResponse(question: Question, body: ResponseBody): RawAnswer {
  const parts = body.output.flatMap((item) => (item.type === 'message' ? (item.content ?? []) : []));
  const text = parts.map((part) => (part.type === 'output_text' ? (part.text ?? '') : '')).join('');
  const counted = countOf(body);
  const usage = usageOr(counted, question, text);
  if (body.status === 'incomplete') {
    const isFiltered = body.incomplete_details?.reason === 'content_filter';
    throw isFiltered
      ? new ProviderError('refused', `${PROVIDER} filtered the answer`, { usage })
      : new ProviderError('truncated', `${PROVIDER} ran out of tokens`, { usage });
  }
  if (body.status === 'failed' || (body.error ?? null) !== null)
    throw reportedFault(PROVIDER, body.error?.code, counted);
  if (body.status !== 'completed') {
    throw new ProviderError('invalid_answer', `${PROVIDER} sent an answer that is not completed`, { usage });
  }
  if (parts.some((part) => part.type === 'refusal')) {
    throw new ProviderError('refused', `${PROVIDER} refused to answer`, { usage });
  }
  if (text.trim() === '') throw new ProviderError('invalid_answer', `${PROVIDER} sent an empty answer`, { usage });
  return { text, usage, model: body.model };
}

function countOf({ usage }: ResponseBody): TokenUsage | null {
  return usage ? { inputTokens: usage.input_tokens, outputTokens: usage.output_tokens } : null;
}
