import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { ProviderSettings } from '../../../shared/config/ai.section.ts';
import type { Provider, Question } from '../provider.ts';
import { exchange, SDK_OPTIONS } from './answer-body.ts';
import { ChatCompletion, readChatCompletion } from './openai-chat.ts';
import { readResponse, ResponseBody } from './openai-responses.ts';
import { lengthsInWords } from './strict-schema.ts';

const PROVIDER = 'openai';
/** A server without keys still gets a header from the SDK. */
const NO_KEY = 'none';

/** OpenAI's Responses API, or Chat Completions, which compatible servers (Ollama, vLLM, OpenRouter) speak; both with structured output. */
export function openaiProvider(settings: ProviderSettings): Provider {
  // Everything that the SDK would otherwise look up in the environment is given.
  const client = new OpenAI({
    ...SDK_OPTIONS,
    apiKey: settings.apiKey ?? NO_KEY,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: settings.baseUrl,
  });
  const ask = settings.style === 'chat' ? askChat : askResponses;
  return {
    name: PROVIDER,
    model: settings.model,
    ask: (question, signal) => ask(client, settings, question, signal),
  };
}

type Ask = (
  client: OpenAI,
  settings: ProviderSettings,
  ...asked: Parameters<Provider['ask']>
) => ReturnType<Provider['ask']>;

const askResponses: Ask = async (client, { model }, question, signal) => {
  const request = {
    model,
    instructions: question.system,
    input: question.user,
    max_output_tokens: question.maxOutputTokens,
    text: { format: { type: 'json_schema' as const, ...formatOf(question) } },
    // What learners write is not to be kept there.
    store: false,
  };
  const body = await exchange(PROVIDER, ResponseBody, signal, () =>
    client.responses.create(request, { signal }).asResponse(),
  );
  return readResponse(question, body);
};

const askChat: Ask = async (client, { model, baseUrl }, question, signal) => {
  // OpenAI's own newer models know only the new name of this limit, most other servers only the old one.
  const isOpenAi = new URL(baseUrl).hostname === 'api.openai.com';
  const limit = isOpenAi
    ? { max_completion_tokens: question.maxOutputTokens }
    : { max_tokens: question.maxOutputTokens };
  const request = {
    model,
    messages: [
      { role: 'system' as const, content: question.system },
      { role: 'user' as const, content: question.user },
    ],
    response_format: { type: 'json_schema' as const, json_schema: formatOf(question) },
    ...limit,
  };
  const body = await exchange(PROVIDER, ChatCompletion, signal, () =>
    client.chat.completions.create(request, { signal }).asResponse(),
  );
  return readChatCompletion(question, body);
};

function formatOf({ name, schema }: Question): { name: string; strict: true; schema: Record<string, unknown> } {
  return { name, strict: true, schema: lengthsInWords(zodTextFormat(schema, name).schema) };
}
