import { z } from 'zod';
import { KNOWN_PRICES, priceOf, type Price, type PriceList } from '../ai/prices.ts';
import { integer } from './env.ts';

/** Settings of asking language models. None is needed: without a provider, reviews are static ones. */

const ProviderName = z.enum(['openai', 'anthropic']);
export type ProviderName = z.infer<typeof ProviderName>;

/** Which of OpenAI's two protocols is spoken. Compatible servers often know Chat Completions only. */
const ApiStyle = z.enum(['responses', 'chat']);
export type ApiStyle = z.infer<typeof ApiStyle>;

/** A key goes into a header: what cannot stand there is a mistake of copying. */
const apiKey = z.string().regex(/^[\x21-\x7e]{1,500}$/, 'must be printable ASCII without blanks');
const model = z.string().regex(/^[\w.:/@+-]{1,120}$/, 'may hold letters, digits and "._:/@+-", at most 120 of them');
const baseUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .refine((value) => !URL.canParse(value) || new URL(value).username + new URL(value).password === '', {
    error: 'must not hold a user or password; use the API key',
  });

const price = z.strictObject({ input: z.number().min(0).max(10_000), output: z.number().min(0).max(10_000) });
const priceList = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON such as {"my-model":{"input":0.4,"output":1.6}}' });
      return z.NEVER;
    }
  })
  .pipe(
    z.record(z.string(), price, {
      error: 'must be JSON such as {"my-model":{"input":0.4,"output":1.6}}, in US dollars per million tokens',
    }),
  );

export const aiSettings = {
  AI_PROVIDER: ProviderName.optional(),
  AI_API_KEY: apiKey.optional(),
  AI_MODEL: model.optional(),
  AI_BASE_URL: baseUrl.optional(),
  AI_API_STYLE: ApiStyle.optional(),
  AI_FALLBACK_PROVIDER: ProviderName.optional(),
  AI_FALLBACK_API_KEY: apiKey.optional(),
  AI_FALLBACK_MODEL: model.optional(),
  AI_FALLBACK_BASE_URL: baseUrl.optional(),
  AI_FALLBACK_API_STYLE: ApiStyle.optional(),
  AI_TIMEOUT_MS: integer(100, 600_000).default(60_000),
  // Below the five minutes after which Node.js' fetch gives up by itself.
  AI_REQUEST_TIMEOUT_MS: integer(100, 240_000).default(30_000),
  AI_RETRY_DELAY_MS: integer(1, 10_000).default(250),
  AI_CONCURRENCY: integer(1, 10_000).default(16),
  AI_REQUESTS_PER_MINUTE: integer(1, 1_000_000).default(120),
  AI_TOKENS_PER_MINUTE: integer(1, 1_000_000_000).default(400_000),
  AI_BUDGET_LEARNER_PER_DAY_MICROS: integer(0, 1_000_000_000).default(250_000),
  AI_BUDGET_PLATFORM_PER_HOUR_MICROS: integer(0, 1_000_000_000_000).default(10_000_000),
  AI_PRICES: priceList.default({}),
  AI_BREAKER_FAILURES: integer(1, 1000).default(5),
  AI_BREAKER_OPEN_MS: integer(10, 3_600_000).default(30_000),
};

const AiValues = z.object(aiSettings);
type AiValues = z.output<typeof AiValues>;

/** One provider that may be asked. */
export type ProviderSettings = {
  name: ProviderName;
  /** Null for a server that wants none. */
  apiKey: string | null;
  model: string;
  baseUrl: string;
  style: ApiStyle;
  price: Price;
};

/** What asking language models goes by. */
export type AiSettings = {
  /** In the order in which they are asked; none: nobody is asked. */
  providers: readonly ProviderSettings[];
  /** For a whole question, retries and failover included; and for one request. */
  timeoutMs: number;
  requestTimeoutMs: number;
  /** Before the first retry; before the next it is three times that, and all are stretched by chance up to double. */
  retryDelayMs: number;
  /** Of each provider, over all worker processes. */
  limits: { concurrency: number; requestsPerMinute: number; tokensPerMinute: number };
  budgets: { learnerPerDayMicros: number; platformPerHourMicros: number };
  breaker: { failures: number; openMs: number };
};

const DEFAULTS = {
  openai: { baseUrl: 'https://api.openai.com/v1', model: 'gpt-4.1-mini' },
  anthropic: { baseUrl: 'https://api.anthropic.com', model: 'claude-haiku-4-5' },
} as const satisfies Record<ProviderName, { baseUrl: string; model: string }>;

const PREFIXES = ['AI', 'AI_FALLBACK'] as const;
type Prefix = (typeof PREFIXES)[number];

/** The settings of one provider; null when it is not configured. */
function readProvider(values: AiValues, prefix: Prefix): ProviderSettings | null {
  const key = values[`${prefix}_API_KEY`];
  const url = values[`${prefix}_BASE_URL`];
  if (key === undefined && url === undefined) return null;
  const name = values[`${prefix}_PROVIDER`] ?? 'openai';
  const prices: PriceList = { ...KNOWN_PRICES, ...values.AI_PRICES };
  const chosen = values[`${prefix}_MODEL`] ?? DEFAULTS[name].model;
  return {
    name,
    apiKey: key ?? null,
    model: chosen,
    baseUrl: (url ?? DEFAULTS[name].baseUrl).replace(/\/+$/, ''),
    style: values[`${prefix}_API_STYLE`] ?? (url === undefined ? 'responses' : 'chat'),
    price: priceOf(prices, chosen),
  };
}

/** The settings in the form in which they are worked with. */
export function toAiSettings(values: AiValues): AiSettings {
  return {
    providers: PREFIXES.map((prefix) => readProvider(values, prefix)).filter((provider) => provider !== null),
    timeoutMs: values.AI_TIMEOUT_MS,
    requestTimeoutMs: values.AI_REQUEST_TIMEOUT_MS,
    retryDelayMs: values.AI_RETRY_DELAY_MS,
    limits: {
      concurrency: values.AI_CONCURRENCY,
      requestsPerMinute: values.AI_REQUESTS_PER_MINUTE,
      tokensPerMinute: values.AI_TOKENS_PER_MINUTE,
    },
    budgets: {
      learnerPerDayMicros: values.AI_BUDGET_LEARNER_PER_DAY_MICROS,
      platformPerHourMicros: values.AI_BUDGET_PLATFORM_PER_HOUR_MICROS,
    },
    breaker: { failures: values.AI_BREAKER_FAILURES, openMs: values.AI_BREAKER_OPEN_MS },
  };
}

/** Settings that are fine one by one and do not go together. They may be partly unreadable: a start reports everything at once. */
export function requireSoundAi(values: Partial<AiValues>, context: z.core.$RefinementCtx<Partial<AiValues>>): void {
  const refuse = (key: keyof AiValues, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  for (const prefix of PREFIXES) refuseHalfAProvider(values, prefix, refuse);
  const [main, fallback] = PREFIXES.map((prefix) => isConfigured(values, prefix));
  if (fallback === true && main === false) {
    refuse('AI_FALLBACK_PROVIDER', 'is a second provider without a first: set AI_API_KEY or AI_BASE_URL');
  }
  if (fallback === true && main === true && modelName(values, 'AI') === modelName(values, 'AI_FALLBACK')) {
    refuse('AI_FALLBACK_MODEL', 'is the same provider and model as the first; name another');
  }
  const { AI_TIMEOUT_MS: whole, AI_REQUEST_TIMEOUT_MS: single } = values;
  if (whole !== undefined && single !== undefined && single > whole) {
    refuse('AI_REQUEST_TIMEOUT_MS', 'must not be longer than AI_TIMEOUT_MS, which covers all requests of a question');
  }
}

const isConfigured = (values: Partial<AiValues>, prefix: Prefix): boolean =>
  values[`${prefix}_API_KEY`] !== undefined || values[`${prefix}_BASE_URL`] !== undefined;

function modelName(values: Partial<AiValues>, prefix: Prefix): string {
  const name = values[`${prefix}_PROVIDER`] ?? 'openai';
  return `${name}:${values[`${prefix}_MODEL`] ?? DEFAULTS[name].model}`;
}

function refuseHalfAProvider(
  values: Partial<AiValues>,
  prefix: Prefix,
  refuse: (key: keyof AiValues, message: string) => void,
): void {
  const name = values[`${prefix}_PROVIDER`];
  if (!isConfigured(values, prefix)) {
    for (const part of ['PROVIDER', 'MODEL', 'API_STYLE'] as const) {
      if (values[`${prefix}_${part}`] === undefined) continue;
      // AI_PROVIDER and AI_MODEL alone are what a deployment looks like whose key has not been made yet: static reviews, no error.
      if (prefix === 'AI' && part !== 'API_STYLE') continue;
      refuse(`${prefix}_${part}`, `has no effect without ${prefix}_API_KEY or ${prefix}_BASE_URL`);
    }
    return;
  }
  if (name === 'anthropic' && values[`${prefix}_API_STYLE`] !== undefined) {
    refuse(`${prefix}_API_STYLE`, `is about OpenAI's protocols; ${prefix}_PROVIDER is anthropic`);
  }
  if (values[`${prefix}_API_KEY`] === undefined && name === 'anthropic') {
    refuse(`${prefix}_API_KEY`, 'is required for anthropic');
  }
  if (values[`${prefix}_BASE_URL`] !== undefined && values[`${prefix}_MODEL`] === undefined) {
    refuse(`${prefix}_MODEL`, `is required with ${prefix}_BASE_URL: that server has models of its own`);
  }
}
