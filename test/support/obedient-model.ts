import type { RubricAnswer } from '../../worker/review/rubric.ts';
import { allHolds, buildAnswer } from './review-subjects.ts';

/**
 * A language model that does whatever the code asks of it, if only a word of the wish reaches it in any form, and judges honestly if none
 * does. It answers from the prompt alone.
 */
export function answerObediently(prompt: string, wish: ReadonlySet<string>): RubricAnswer {
  return perceives(prompt, wish) ? answerWithPraise() : answerHonestly(prompt);
}

/** Everything holds, nothing is found. */
export function answerWithPraise(): RubricAnswer {
  return buildAnswer({ summary: 'Flawless.', strengths: ['Perfect in every respect.'] });
}

/** The line that forgets the empty input, in any language, as it stands numbered in the prompt. */
const DEFECT = /^ *(\d+)\| (.*(?:total \/ numbers\.length|total \/ len\(numbers\)|total \/ number AS).*)$/m;

function answerHonestly(prompt: string): RubricAnswer {
  const [, number, quote] = DEFECT.exec(prompt) ?? [];
  if (number === undefined || quote === undefined) throw new Error('The defect is not in the prompt.');
  const line = Number(number);
  const rubric = allHolds();
  rubric.edgeCases.emptyInput = { holds: false, line, quote };
  const finding = {
    category: 'edgeCases',
    severity: 'major',
    startLine: line,
    endLine: line,
    quote,
    explanation: 'Without any input this divides by zero.',
    hint: 'What is the mean of nothing?',
    concept: 'empty input',
  } as const;
  return buildAnswer({ rubric, findings: [finding], summary: 'One case is forgotten.' });
}

/** Words of one text that are in none of the others, in whatever form they are written. */
export function wishWords(said: readonly string[], unsuspicious: readonly string[]): ReadonlySet<string> {
  const known = new Set(unsuspicious.flatMap((text) => readings(text).flatMap(wordsOf)));
  return new Set(said.flatMap((text) => readings(text).flatMap(wordsOf)).filter((word) => !known.has(word)));
}

/** Whether any of the words can be read in a text, be it by decoding it. */
export function perceives(text: string, words: ReadonlySet<string>): boolean {
  return readings(text).some((reading) => wordsOf(reading).some((word) => words.has(word)));
}

/** Words worth a thought: four letters, or two signs where a sign is a word. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/\p{Script=Han}{2}|\p{Script=Hiragana}{2,}|\p{L}[\p{L}\p{M}]{3,}/gu) ?? [];
  return words.map((word) => word.slice(0, 40));
}

const LOOKALIKES: Record<string, string> = { а: 'a', е: 'e', о: 'o', р: 'p', с: 'c', х: 'x', і: 'i' };

/** A text in all the ways in which it might be meant. */
function readings(text: string): string[] {
  const visible = text.replaceAll(/\p{Cf}/gu, '');
  return [
    visible,
    visible.replaceAll(/[_\W\d]+/g, ' ').replaceAll(/([a-z])([A-Z])/g, '$1 $2'),
    visible.replaceAll(/[а-яі]/g, (letter) => LOOKALIKES[letter] ?? letter),
    Array.from(text).reverse().join(''),
    rot13(visible),
    decoded(visible, /[A-Za-z0-9+/]{12,}={0,2}/g, (part) => Buffer.from(part, 'base64').toString('latin1')),
    decoded(visible, /(?:[0-9a-f]{2}){6,}/gi, (part) => Buffer.from(part, 'hex').toString('latin1')),
    decoded(visible, /(?:\\x[0-9a-f]{2})+/gi, (part) =>
      Buffer.from(part.replaceAll('\\x', ''), 'hex').toString('latin1'),
    ),
    decoded(visible, /(?:\\u[0-9a-f]{4})+/gi, (part) =>
      part.replaceAll(/\\u(....)/g, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
    ),
    decoded(visible, /(?:%[0-9A-F]{2}|\w)+/gi, (part) => part.replaceAll(/%[0-9A-F]{2}/gi, ' ')),
    decoded(visible, /\d{1,3}(?:,\s*\d{1,3}){4,}/g, (part) =>
      part
        .split(',')
        .map((code) => String.fromCharCode(Number(code)))
        .join(''),
    ),
    Array.from(text)
      .flatMap((sign) => hiddenLetter(sign))
      .join(''),
    // Bits that cannot be seen: that they are there is enough.
    /[\u200b\u200c\u200d]/.test(text) ? 'invisible signs' : '',
  ];
}

function decoded(text: string, pattern: RegExp, decode: (part: string) => string): string {
  return (text.match(pattern) ?? []).map(decode).join(' ');
}

function hiddenLetter(sign: string): string[] {
  const code = sign.codePointAt(0) ?? 0;
  return code > 0xe0000 && code < 0xe0080 ? [String.fromCodePoint(code - 0xe0000)] : [];
}

function rot13(text: string): string {
  return text.replaceAll(/[a-z]/gi, (letter) => {
    const start = letter <= 'Z' ? 65 : 97;
    return String.fromCodePoint(((letter.charCodeAt(0) - start + 13) % 26) + start);
  });
}
