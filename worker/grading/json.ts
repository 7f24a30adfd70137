import type { z } from 'zod';

/** Any JSON value, as `z.json()` types it. */
export type Json = z.infer<ReturnType<typeof z.json>>;

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
