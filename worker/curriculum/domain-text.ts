import { clipped, visibleSource } from '../review/sanitise.ts';

/** Why a domain is no subject of a course. */
export type RefusalReason = 'empty' | 'too_long' | 'nonsense' | 'personal' | 'unsafe' | 'instructions';

export type Refusal = { reason: RefusalReason; message: string };

const MESSAGES: Record<RefusalReason, string> = {
  empty: 'Tell us in a few words what you would like your course to be about.',
  too_long: 'Please name your domain in at most 80 characters; a few words are enough.',
  nonsense:
    'We could not make sense of this. Name a field that you know or like, such as “beekeeping” or “board games”.',
  personal: 'Please leave out addresses, numbers and links; a few words about the field are enough.',
  unsafe: 'We do not make courses about this. Please choose another domain.',
  instructions: 'Please name a field that you know or like, rather than telling us what to do.',
};

const MOST_CHARACTERS = 80;
/** Nobody reads more of it to find out that it is too long. */
const MOST_LOOKED_AT = 2000;

/** Beginnings of words. What is meant by more than one word is told apart below. */
const UNSAFE = [
  /\b(?:bomb|explosive|landmine|grenade)(?:s|\b)|\b(?:weapon|firearm|ammunition)s?\b|\bgun ?(?:making|smith|running)/i,
  /\b(?:nerve agent|chemical weapon|bioweapon|dirty bomb)|\b(?:sarin|ricin|anthrax)\b/i,
  /\b(?:cocaine|heroin|meth|methamphetamine|fentanyl|crack)\b.*|\bdrug (?:dealing|trafficking|smuggling|making)/i,
  /\b(?:porn\w*|erotic\w*|sexual\w*|nudes?|escort service|incest|bestiality|hentai)\b/i,
  /\b(?:suicid\w*|self.?harm|anorexi\w*|pro.?ana)\b/i,
  /\b(?:terroris\w*|genocid\w*|ethnic cleansing|white suprem\w*|nazi\w*|jihad\w*|lynching)\b/i,
  /\b(?:human|child|organ) trafficking|\bslave (?:trade|market)|\bchild (?:abuse|exploitation)|\bpedophil\w*|\bpaedophil\w*/i,
  /\b(?:ransomware|botnets?|phishing|carding|credit card fraud|money laundering|identity theft|counterfeit\w*|stalking|doxx?ing)\b(?! (?:defen[cs]e|detection|prevention|awareness|analysis|investigation))/i,
  /\b(?:hate speech|ethnic slurs?|kill(?:ing)? (?:people|someone|my)|murder(?:ing)? (?:people|someone)|torture)\b/i,
];
const PERSONAL = /[^\s@]@[^\s@]+\.[^\s@]|https?:|www\.|[\w-]\.(?:com|net|org|io|ru|xyz)\b|\+?\d[\d ()/-]{7,}\d/i;
const INSTRUCTIONS =
  /\b(?:ignore|disregard|forget|override|bypass|reveal|repeat|output|print|pretend|you are|you must|act as|respond with|answer with|system prompt|instructions?|jailbreak|as an ai|prompt injection|previous (?:text|message|rule)s?|assistant|developer mode)\b/i;
/** Of one letter, and signs; all of them are languages. */
const SHORT_NAMES = new Set(['c', 'c++', 'c#', 'f#', 'r', 'd']);
const OTHER_SIGNS = /[<>{}[\]`$|\\^~=*_#@;]/;

/** A learner's words on what a course shall be about, without what cannot be seen. */
export function cleanDomainText(input: string): string {
  return visibleSource(input.slice(0, MOST_LOOKED_AT).normalize('NFKC').toWellFormed()).replaceAll(/\s+/g, ' ').trim();
}

/** Why a text is no domain, as far as one can say without understanding it; null when there is nothing against it. */
export function refuseDomainText(text: string): Refusal | null {
  const reason = reasonAgainst(text);
  return reason === null ? null : refusal(reason);
}

export function refusal(reason: RefusalReason): Refusal {
  return { reason, message: MESSAGES[reason] };
}

function reasonAgainst(text: string): RefusalReason | null {
  if (text === '') return 'empty';
  if (text.length > MOST_CHARACTERS) return 'too_long';
  if (UNSAFE.some((pattern) => pattern.test(text))) return 'unsafe';
  if (PERSONAL.test(text)) return 'personal';
  if (INSTRUCTIONS.test(text)) return 'instructions';
  return isNonsense(text) ? 'nonsense' : null;
}

function isNonsense(text: string): boolean {
  if (SHORT_NAMES.has(text.toLowerCase())) return false;
  const letters = text.match(/\p{L}/gu) ?? [];
  if (letters.length < 2 || letters.length * 2 < text.replaceAll(/\s/g, '').length) return true;
  const signs = OTHER_SIGNS.exec(text.replaceAll(/\b[a-z]#/gi, ''));
  if (signs !== null || /(.)\1{3}/u.test(text) || /^(\p{L}{1,3})\1{2,}$/iu.test(text)) return true;
  const words = text.match(/[a-z]+/gi) ?? [];
  return words.length > 0 && words.every(isSmash) && !/[^\u0000-\u024f]/u.test(text);
}

/** A word that nobody can pronounce, or a row of keys. Short ones may be letters that stand for words. */
function isSmash(word: string): boolean {
  if (word.length < 5) return /^(?:asd|qwe|zxc|foo|bar|baz|test|xxx)/i.test(word);
  return /^(?:asdf|qwer|zxcv|hjkl|lorem|blah)/i.test(word) || /[^aeiouy]{6}/i.test(word) || !/[aeiouy]/i.test(word);
}

/** What a domain is called in titles. */
export function domainName(text: string): string {
  const words = clipped(text.replaceAll(/[^\p{L}\p{M}\p{N} '’&.+/#-]+/gu, ' ').replaceAll('#', ' sharp'), 60);
  return words
    .replace(/…$/, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .split(/\s+/)
    .slice(0, 8)
    .join(' ');
}
