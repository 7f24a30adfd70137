import type { Language } from '../../shared/contracts/exercise.contract.ts';
import { linesOf } from './sanitise.ts';
import { tokenize } from './source-tokens.ts';

export type RedactionKind =
  'private_key' | 'api_key' | 'token' | 'connection_string' | 'assigned_secret' | 'email_address';

/** What was taken out, and from which line, counted from 1. What it was is not kept. */
export type Redaction = { kind: RedactionKind; line: number };

/**
 * Puts as many asterisks in the place of secrets that a learner left in code: keys, tokens, passwords in connection strings, what is assigned
 * to names such as `password`, and e-mail addresses in texts and comments. Every line keeps its length. Doing it twice changes nothing.
 */
export function redactSecrets(code: string, language: Language): { code: string; redactions: Redaction[] } {
  const redactions: Redaction[] = [];
  let redacted = code;
  // What asterisks came to stand in may read as something else, a comment for instance, in which more is found.
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = redactOnce(redacted, language);
    if (result.redactions.length === 0) break;
    redacted = result.code;
    redactions.push(...result.redactions);
  }
  return { code: redacted, redactions };
}

/** A second one is rare, a third needs code that was made for it. */
const MOST_ROUNDS = 8;

function redactOnce(code: string, language: Language): { code: string; redactions: Redaction[] } {
  const found: Found[] = [...findSecrets(code), ...findAddresses(code, language)];
  found.sort((one, other) => one.start - other.start || other.end - one.end);

  const redactions: Redaction[] = [];
  let redacted = '';
  let at = 0;
  for (const { kind, start, end } of found) {
    if (start < at || isRedacted(code.slice(start, end))) continue;
    redacted += code.slice(at, start) + code.slice(start, end).replaceAll(/[^\s]/g, '*');
    redactions.push({ kind, line: linesOf(code.slice(0, start)).length });
    at = end;
  }
  return { code: redacted + code.slice(at), redactions };
}

function isRedacted(part: string): boolean {
  return /^[*\s]*$/.test(part);
}

/** A place in the code, by UTF-16 units. */
type Found = { kind: RedactionKind; start: number; end: number };

/** A group named `secret` is what is taken out, or else everything. Repetitions are bounded: code is untrusted and may be long. */
const SECRETS: { kind: RedactionKind; pattern: RegExp }[] = [
  {
    kind: 'private_key',
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?<secret>[^]{1,16384}?)(?:-----END|$)/dg,
  },
  {
    kind: 'api_key',
    pattern:
      /(?<![\w-])(?:(?:AKIA|ASIA|AROA)[A-Z0-9]{16}|sk-[\w-]{16,200}|[srp]k_(?:live|test)_\w{10,200}|AIza[\w-]{30,50}|SG\.[\w-]{16,40}\.[\w-]{16,80}|key-[0-9a-f]{32}|AC[0-9a-f]{32}|SK[0-9a-f]{32})(?![\w-])/dg,
  },
  {
    kind: 'token',
    pattern:
      /(?<![\w-])(?:gh[oprsu]_\w{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,80}|xox[abeprs]-[\w-]{10,200}|npm_\w{30,60}|pypi-[\w-]{16,250}|hf_\w{20,60}|dop_v1_[0-9a-f]{40,80}|ya29\.[\w-]{20,300}|eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{0,1000})/dg,
  },
  { kind: 'token', pattern: /\b[Bb]earer\s{1,4}(?<secret>[\w.~+/-]{16,2000}={0,2})/dg },
  {
    kind: 'connection_string',
    pattern: /(?<![\w+.-])[a-zA-Z][\w+.-]{1,30}:\/\/(?<secret>[^\s:@/'"`]{0,200}:[^\s@/'"`]{1,200})@/dg,
  },
];

const SECRET_NAME =
  /(?:api|access|secret|private|auth|encryption|signing|client)[_-]?(?:key|secret|token)|secret|token|passw(?:or)?d|passphrase|pwd|credentials?/;
const ASSIGNED = new RegExp(
  `(?<name>[\\w-]{0,40}(?:${SECRET_NAME.source})[\\w-]{0,40})["'\`]?\\]?\\s{0,4}(?::\\s{0,4}[\\w.]{1,40}\\s{0,4})?(?:[:=]|=>)\\s{0,4}(?<quote>["'\`])(?<secret>[^"'\`\\n\\r]{6,500})\\k<quote>`,
  'dgi',
);

function findSecrets(code: string): Found[] {
  return [
    ...SECRETS.flatMap(({ kind, pattern }) => [...code.matchAll(pattern)].map((match) => placeOf(kind, match))),
    ...[...code.matchAll(ASSIGNED)]
      .filter(({ groups }) => isSecretValue(groups?.['name'] ?? '', groups?.['secret'] ?? ''))
      .map((match) => placeOf('assigned_secret', match)),
  ];
}

function placeOf(kind: RedactionKind, match: RegExpExecArray): Found {
  const [start, end] = match.indices?.groups?.['secret'] ?? match.indices?.[0] ?? [0, 0];
  return { kind, start, end };
}

/** Passwords may be words; what is called a key or token is secret only if it looks random, since parsers have tokens, too. */
function isSecretValue(name: string, value: string): boolean {
  if (/passw|passphrase|pwd|credential/i.test(name)) return !/\s/.test(value);
  return value.length >= 12 && /^[\w.~+/=:-]+$/.test(value) && /\d/.test(value) && entropyOf(value) >= 3;
}

/** Bits per character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / text.length;
    return sum - share * Math.log2(share);
  }, 0);
}

const ADDRESS = /(?<![\p{L}\d_.+%-])[\p{L}\d_.+%-]{1,64}@(?:[\p{L}\d-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\d_-])/gu;

/** In code itself, `a@b.inv` is a product of matrices. */
function findAddresses(code: string, language: Language): Found[] {
  let offset = 0;
  return tokenize(code, language).flatMap(({ kind, text }) => {
    const start = offset;
    offset += text.length;
    if (kind !== 'prose' && kind !== 'text') return [];
    return [...text.matchAll(ADDRESS)].map(({ index, 0: address }) => ({
      kind: 'email_address' as const,
      start: start + index,
      end: start + index + address.length,
    }));
  });
}
