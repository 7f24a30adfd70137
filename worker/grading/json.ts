import type { z } from 'zod';

/** Any JSON value, as `z.json()` types it. */
export type Json = z.infer<ReturnType<typeof z.json>>;

/** Stands where a character could not be stored or shown. */
const REPLACEMENT = '\uFFFD';

/**
 * Text that PostgreSQL can store and a browser can show: learner code may print NUL and lone surrogates, which `text` and `jsonb`
 * refuse.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', REPLACEMENT).toWellFormed();
}

/** The same for every string and key inside a JSON value. */
export function storableJson(value: Json): Json {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(storableJson);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storableText(key), storableJson(member)]));
}

/** How deeply arrays and objects are nested in JSON text; linear and without recursion, so it is safe on hostile text. */
export function nestingDepth(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth--;
  }
  return deepest;
}
