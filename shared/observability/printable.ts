/**
 * What a terminal or a line-oriented reader could take for a command, a new line or another order of the text: C0 and C1 controls, DEL,
 * line and paragraph separators, marks of writing direction, the byte order mark.
 */
const TREACHEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with treacherous characters as JSON escapes: `\u001b` for the start of a terminal's colours, for example. */
export function printable(text: string): string {
  return text.replace(TREACHEROUS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
