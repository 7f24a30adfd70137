import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

/** The wire protocols of language models, from the server's side. */
export type Protocol = 'responses' | 'chat' | 'messages';

/** A request as it came over the wire. */
export interface AiPeerRequest {
  protocol: Protocol;
  path: string;
  headers: IncomingHttpHeaders;
  /** The body as it was sent: what is not in here did not leave. */
  text: string;
  body: Record<string, unknown>;
  model: string;
  system: string;
  user: string;
  maxOutputTokens: number;
  /** The JSON schema that the answer is to keep. */
  schema: Record<string, unknown>;
  /** Whether the connection was closed before the answer was complete. */
  isGone: () => boolean;
}

export type AiPeerUsage = { inputTokens: number; outputTokens: number };

/** The ways in which a model's answer ends. */
export type AnswerEnding = 'complete' | 'refused' | 'filtered' | 'out-of-tokens' | 'unfinished';

export const PROTOCOL_OF_PATH: Readonly<Record<string, Protocol>> = {
  '/v1/responses': 'responses',
  '/v1/chat/completions': 'chat',
  '/v1/messages': 'messages',
};

const JsonSchema = z.record(z.string(), z.unknown());
const ResponsesRequest = z.looseObject({
  model: z.string(),
  instructions: z.string(),
  input: z.string(),
  max_output_tokens: z.int().positive(),
  store: z.literal(false),
  text: z.strictObject({
    format: z.strictObject({
      type: z.literal('json_schema'),
      name: z.string().regex(/^[\w-]{1,64}$/),
      strict: z.literal(true),
      schema: JsonSchema,
    }),
  }),
});
const ChatRequest = z.looseObject({
  model: z.string(),
  messages: z.tuple([
    z.strictObject({ role: z.literal('system'), content: z.string() }),
    z.strictObject({ role: z.literal('user'), content: z.string() }),
  ]),
  max_tokens: z.int().positive(),
  response_format: z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({ name: z.string(), strict: z.literal(true), schema: JsonSchema }),
  }),
});
const MessagesRequest = z.looseObject({
  model: z.string(),
  system: z.string(),
  messages: z.tuple([z.strictObject({ role: z.literal('user'), content: z.string() })]),
  max_tokens: z.int().positive(),
  output_config: z.strictObject({ format: z.strictObject({ type: z.literal('json_schema'), schema: JsonSchema }) }),
});

type Asked = Pick<AiPeerRequest, 'model' | 'system' | 'user' | 'maxOutputTokens' | 'schema'>;

/** Reads a request as the real server would. @throws ZodError when it is none that the protocol allows. */
export function readAsked(protocol: Protocol, body: unknown): Asked {
  switch (protocol) {
    case 'responses': {
      const { model, instructions: system, input: user, max_output_tokens, text } = ResponsesRequest.parse(body);
      return { model, system, user, maxOutputTokens: max_output_tokens, schema: text.format.schema };
    }
    case 'chat': {
      const { model, messages, max_tokens, response_format } = ChatRequest.parse(body);
      const [{ content: system }, { content: user }] = messages;
      return { model, system, user, maxOutputTokens: max_tokens, schema: response_format.json_schema.schema };
    }
    case 'messages': {
      const { model, system, messages, max_tokens, output_config } = MessagesRequest.parse(body);
      const [{ content: user }] = messages;
      return { model, system, user, maxOutputTokens: max_tokens, schema: output_config.format.schema };
    }
  }
}

/** An answer with status 200 in the words of its protocol. */
export function renderAnswer(
  { protocol, model }: Pick<AiPeerRequest, 'protocol' | 'model'>,
  text: string,
  usage: AiPeerUsage | null,
  ending: AnswerEnding = 'complete',
): Record<string, unknown> {
  switch (protocol) {
    case 'responses':
      return renderResponse(model, text, usage, ending);
    case 'chat':
      return renderChat(model, text, usage, ending);
    case 'messages':
      return renderMessage(model, text, usage, ending);
  }
}

function renderResponse(model: string, text: string, usage: AiPeerUsage | null, ending: AnswerEnding) {
  const status = { complete: 'completed', refused: 'completed', filtered: 'incomplete', 'out-of-tokens': 'incomplete' };
  const reason = { filtered: 'content_filter', 'out-of-tokens': 'max_output_tokens' };
  const part =
    ending === 'refused'
      ? { type: 'refusal', refusal: 'I cannot help with that.' }
      : { type: 'output_text', text, annotations: [], logprobs: [] };
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_790_000_000,
    status: ending === 'unfinished' ? 'in_progress' : status[ending],
    error: null,
    incomplete_details: ending === 'filtered' || ending === 'out-of-tokens' ? { reason: reason[ending] } : null,
    model,
    output: [
      { id: 'rs_1', type: 'reasoning', summary: [] },
      { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [part] },
    ],
    usage: usage && {
      input_tokens: usage.inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: usage.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.inputTokens + usage.outputTokens,
    },
  };
}

function renderChat(model: string, text: string, usage: AiPeerUsage | null, ending: AnswerEnding) {
  const reason = { complete: 'stop', refused: 'stop', filtered: 'content_filter', 'out-of-tokens': 'length' };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_790_000_000,
    model,
    choices: [
      {
        index: 0,
        finish_reason: ending === 'unfinished' ? null : reason[ending],
        logprobs: null,
        message: {
          role: 'assistant',
          content: ending === 'refused' ? null : text,
          refusal: ending === 'refused' ? 'I cannot help with that.' : null,
        },
      },
    ],
    ...(usage === null
      ? {}
      : {
          usage: {
            prompt_tokens: usage.inputTokens,
            completion_tokens: usage.outputTokens,
            total_tokens: usage.inputTokens + usage.outputTokens,
          },
        }),
  };
}

function renderMessage(model: string, text: string, usage: AiPeerUsage | null, ending: AnswerEnding) {
  const reason = { complete: 'end_turn', refused: 'refusal', filtered: 'refusal', 'out-of-tokens': 'max_tokens' };
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text, citations: null }],
    stop_reason: ending === 'unfinished' ? null : reason[ending],
    stop_sequence: null,
    ...(usage === null
      ? {}
      : {
          usage: {
            input_tokens: usage.inputTokens,
            output_tokens: usage.outputTokens,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 0,
          },
        }),
  };
}

/** An error in the words of the protocol. */
export function renderError(protocol: Protocol, code: string, message: string): Record<string, unknown> {
  return protocol === 'messages'
    ? { type: 'error', error: { type: code, message }, request_id: 'req_1' }
    : { error: { message, type: code, code, param: null } };
}
