/** Keywords of strings that OpenAI's strict mode refuses, and which are checked here when the answer is there. */
const REFUSED = ['minLength', 'maxLength', 'pattern', 'contentEncoding'] as const;

/** A JSON schema in which limits on strings are told to the model in words instead. */
export function lengthsInWords(schema: Record<string, unknown>): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  const words: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$schema') continue;
    if (REFUSED.some((refused) => refused === keyword)) words.push(`${keyword}: ${JSON.stringify(value)}`);
    else told[keyword] = NAMED_SCHEMAS.has(keyword) ? mapValues(value) : convert(value);
  }
  if (words.length > 0) told['description'] = [told['description'], `{${words.join(', ')}}`].filter(Boolean).join(' ');
  return told;
}

/** Below these the keys are names, which may happen to be those of keywords. */
const NAMED_SCHEMAS = new Set(['properties', 'definitions', '$defs']);

function mapValues(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, convert(schema)]));
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  return isObject(value) ? lengthsInWords(value) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
