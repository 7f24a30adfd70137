/** Just enough English for sentences with a domain's words in them. */

const IRREGULAR: Record<string, string> = {
  person: 'people',
  child: 'children',
  man: 'men',
  woman: 'women',
  mouse: 'mice',
  foot: 'feet',
  analysis: 'analyses',
  series: 'series',
  species: 'species',
  sheep: 'sheep',
  fish: 'fish',
};

/** More than one of a thing, by its last word. */
export function plural(noun: string): string {
  const [, before = '', last = ''] = /^(.*?)([^\s-]*)$/u.exec(noun) ?? [];
  const lower = last.toLowerCase();
  if (Object.hasOwn(IRREGULAR, lower)) return before + (IRREGULAR[lower] ?? last);
  if (/(?:s|x|z|ch|sh)$/i.test(last)) return `${noun}es`;
  if (/[^aeiou]y$/i.test(last)) return `${noun.slice(0, -1)}ies`;
  return /[a-z]$/i.test(last) ? `${noun}s` : noun;
}

/** A thing with its article, by how its first word is spoken. */
export function a(noun: string): string {
  const [first = ''] = noun.split(/[\s-]/);
  const isSpelled = /^[A-Z]{2,}s?$/.test(first);
  const beginsWithVowel = isSpelled
    ? /^[AEFHILMNORSX]/.test(first)
    : /^(?:[aeiou]|hour|honest|heir)/i.test(first) && !/^(?:eu|one\b|once\b|uni|use|usu|uti|ukr)/i.test(first);
  return `${beginsWithVowel ? 'an' : 'a'} ${noun}`;
}

export function capitalised(text: string): string {
  return text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

/** Words as a part of an address: small Latin letters and digits, joined by hyphens; empty where there are none. */
export function slugOf(words: string, limit = 40): string {
  const plain = words.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '');
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, limit)
    .replaceAll(/^-+|-+$/g, '');
}
