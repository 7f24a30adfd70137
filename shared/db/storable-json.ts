const REPLACEMENT = '\uFFFD';

/** The value with what jsonb refuses (NUL, halves of surrogate pairs) replaced by U+FFFD, in strings and in keys, at any depth. */
export function storableJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) => {
    if (typeof item === 'string') return storableText(item);
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([key, entry]) => [storableText(key), entry as unknown]));
  }) as Value;
}

const storableText = (text: string): string => text.toWellFormed().replaceAll('\0', REPLACEMENT);
