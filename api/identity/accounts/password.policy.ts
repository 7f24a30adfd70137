import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';
import { AppError } from '../../../shared/errors.ts';
import type { IdentityDeps } from '../identity-deps.ts';

const MIN_TELLING_LENGTH = 4;
/** A billion guesses: what 200 attempts a day, from however many networks, never reach, and what costs a thief of the hashes years. */
const MIN_GUESSES_LOG10 = 9;
/** What is looked at of a password, and how much is tried on it: together they keep the worst one that we found below 20 ms of the event loop. */
const ESTIMATED_CHARACTERS = 32;
const LEET_SUBSTITUTIONS = 16;
/** Digits and signs that are read as letters. */
const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
};

/** Whose password it is to be. */
interface Owner {
  email: string;
  name: string;
}

/**
 * A new password must not be built from what everybody knows of its owner, not be one that is tried first, and not be in a list of stolen ones.
 * Its length is the contract's business.
 *
 * @throws AppError VALIDATION_FAILED, saying which rule it breaks.
 */
export async function requireGoodPassword(
  { breachedPasswords }: Pick<IdentityDeps, 'breachedPasswords'>,
  password: string,
  owner: Owner,
  path: 'password' | 'newPassword' = 'password',
): Promise<void> {
  const normalised = password.normalize('NFKC');
  const problem = findProblem(normalised, owner);
  if (problem !== null) throw weakPassword(path, problem);
  if (await breachedPasswords.includes(normalised)) {
    throw weakPassword(path, 'is in a list of stolen passwords that attackers try; choose another');
  }
}

function weakPassword(path: string, message: string): AppError {
  return new AppError('VALIDATION_FAILED', 'The password is too easy to guess.', { errors: [{ path, message }] });
}

/** What is wrong with a password, in words that follow its field's name; null when it is good. */
export function findProblem(password: string, owner: Owner): string | null {
  if (containsKnownWord(password, owner)) return 'must not contain your email address or name';
  if (new Set(password.toLowerCase()).size < 5) return 'must have at least 5 different characters';
  if (guessesLog10(password, owner) < MIN_GUESSES_LOG10) {
    return 'is common or follows a pattern that is tried first; several unrelated words make a good one';
  }
  return null;
}

/** Also where a word is written with capitals, accents, or digits for letters. */
function containsKnownWord(password: string, owner: Owner): boolean {
  const readings = [plain(password), unleet(plain(password))];
  return knownWords(owner)
    .map(plain)
    .some((word) => word.length >= MIN_TELLING_LENGTH && readings.some((reading) => reading.includes(word)));
}

function knownWords({ email, name }: Owner): string[] {
  const [mailbox = ''] = email.split('@');
  return [mailbox, ...splitWords(mailbox), name, ...splitWords(name)];
}

const splitWords = (text: string): string[] => text.split(/[^\p{L}\p{N}]+/u);

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const unleet = (text: string): string => text.replace(/[013457-8@$!|]/g, (sign) => LEET[sign] ?? sign);

let estimator: ZxcvbnFactory | undefined;

/** The decimal logarithm of how many guesses somebody needs who knows the owner and what people like to choose. */
function guessesLog10(password: string, owner: Owner): number {
  // Made at its first use: it takes 40 ms and 8 MB, which processes that judge no passwords are spared.
  estimator ??= new ZxcvbnFactory({
    dictionary,
    graphs: adjacencyGraphs,
    l33tMaxSubstitutions: LEET_SUBSTITUTIONS,
    maxLength: ESTIMATED_CHARACTERS,
  });
  return estimator.check(password, ['learnify', ...splitWords(owner.email), ...knownWords(owner)]).guessesLog10;
}
