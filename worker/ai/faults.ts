import { isNativeError } from 'node:util/types';
import { ProviderError, type ProviderFault } from './provider.ts';
import { AnswerTooLarge } from './bounded-fetch.ts';

/** How the servers' many ways to say no are told apart. */

/** What the SDKs know of an answer that was no success. */
export type RefusedAnswer = {
  status: number;
  headers: Headers;
  /** The provider's own names for the error: short words, or absent. */
  code: string | null;
  type: string | null;
  message: string;
};

/** No provider means it when it asks for more than a day. */
const LONGEST_WAIT_MS = 86_400_000;
const QUOTA_CODES = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_error',
  'credit_limit_reached',
]);
const FILTER_CODES = new Set(['content_filter', 'content_policy_violation', 'moderation_blocked']);

export function faultOfStatus(provider: string, answer: RefusedAnswer): ProviderError {
  const { status, headers, code, type } = answer;
  const fault = classify(answer);
  const names = [code, type].filter((name) => name !== null).map(clip);
  const detail = fault === 'bad_request' ? `: ${clip(answer.message)}` : '';
  const message = `${provider} answered ${status}${names.length > 0 ? ` (${names.join(', ')})` : ''}${detail}`;
  const canWait = fault === 'rate_limited' || fault === 'overloaded';
  return new ProviderError(fault, message, { retryAfterMs: canWait ? retryAfterMs(headers) : null });
}

function classify({ status, code, type, message }: Omit<RefusedAnswer, 'headers'>): ProviderFault {
  const names = [code, type].filter((name) => name !== null);
  if (status === 402 || names.some((name) => QUOTA_CODES.has(name))) return 'quota';
  if (names.some((name) => FILTER_CODES.has(name))) return 'refused';
  // Anthropic has no code of its own for an account without money.
  if (status === 400 && /credit balance/i.test(message)) return 'quota';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 429) return 'rate_limited';
  if (status >= 500 || status === 408 || status === 409 || status === 425) return 'overloaded';
  return 'bad_request';
}

/** What a provider that answers 200 says went wrong after all. */
export function faultOfCode(code: string | null): ProviderFault {
  if (code === null) return 'overloaded';
  if (QUOTA_CODES.has(code)) return 'quota';
  if (FILTER_CODES.has(code)) return 'refused';
  // OpenRouter's codes are statuses.
  if (/^[45]\d\d$/.test(code)) return classify({ status: Number(code), code: null, type: null, message: '' });
  if (code === 'rate_limit_exceeded') return 'rate_limited';
  if (/^(invalid|unsupported|bad)_/.test(code)) return 'bad_request';
  return 'overloaded';
}

/**
 * How long a server wants to be left alone, in milliseconds: from `retry-after-ms`, or `retry-after` in seconds or as a date. Null when it
 * does not say, or nothing that can be understood.
 */
export function retryAfterMs(headers: Headers, now = Date.now()): number | null {
  const precise = headers.get('retry-after-ms');
  if (precise !== null && /^\d+(\.\d+)?$/.test(precise.trim())) return bounded(Number(precise));
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(value)) return bounded(Number(value) * 1000);
  // `Date.parse` takes all sorts of things for dates, `-5` for one.
  const moment = /^[A-Za-z]{3}/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(moment) ? null : bounded(moment - now);
}

const bounded = (waitMs: number): number => Math.min(Math.max(Math.ceil(waitMs), 0), LONGEST_WAIT_MS);

/** Nothing had been sent yet when these came about, so nothing can have been counted. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** For what happened to the connection, or to an answer that did not come through it whole. */
export function faultOfConnection(provider: string, error: unknown): ProviderError {
  const chain = causesOf(error);
  if (chain.some((cause) => cause instanceof AnswerTooLarge)) {
    return new ProviderError('invalid_answer', `${provider} sent an answer that is too large`, { mayHaveCost: true });
  }
  if (chain.some(({ name }) => name === 'SyntaxError')) {
    return new ProviderError('invalid_answer', `${provider} sent broken JSON`, { mayHaveCost: true });
  }
  const code = chain.map(codeOf).find((found) => found !== null) ?? 'no code';
  const mayHaveCost = !NOT_SENT.has(code) && !TLS.test(code);
  return new ProviderError('unreachable', `${provider} could not be reached (${code})`, { mayHaveCost });
}

/** An error, what caused it, and what caused that; by their shape, since they come out of many hands. */
function causesOf(error: unknown): ErrorLike[] {
  const chain: ErrorLike[] = [];
  for (let cause = error; isErrorLike(cause) && chain.length < 8; cause = cause.cause) {
    chain.push(cause, ...(cause.errors ?? []).filter(isErrorLike));
  }
  return chain;
}

type ErrorLike = { name?: unknown; code?: unknown; cause?: unknown; errors?: readonly unknown[] };

function isErrorLike(value: unknown): value is ErrorLike {
  return isNativeError(value) && (!('errors' in value) || Array.isArray(value.errors));
}

function codeOf({ code }: ErrorLike): string | null {
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,50}$/.test(code) ? code : null;
}

/**
 * A provider's own words, fit for a log: short, on one line, and without anything that looks like a key. They may quote what was sent
 * to it, but only what is wrong with the request, and this is asked for where our own request is at fault.
 */
function clip(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replace(/\b(sk|key|api|bearer)[-_ ][\w*.-]{6,}/gi, '[key]')
    .slice(0, 200);
}
