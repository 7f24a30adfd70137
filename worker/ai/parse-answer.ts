import type { z } from 'zod';

/** An answer that keeps its schema, or what is wrong with it, in words for whoever is to mend it. */
export type ParsedAnswer<Value> = { ok: true; value: Value } | { ok: false; problems: string[] };

const MAX_CHARACTERS = 200_000;
const MAX_PROBLEMS = 10;
const MAX_PROBLEM_CHARACTERS = 200;

/** Servers without structured output of their own put JSON into a Markdown fence. */
const FENCED = /^```(?:json)?\s*\n([\s\S]*)\n\s*```$/i;

export function parseAnswer<Schema extends z.ZodType>(text: string, schema: Schema): ParsedAnswer<z.output<Schema>> {
  if (text.length > MAX_CHARACTERS) return { ok: false, problems: ['The answer is far too long.'] };
  const trimmed = text.trim();
  let json: unknown;
  try {
    json = JSON.parse(FENCED.exec(trimmed)?.[1] ?? trimmed);
  } catch {
    return { ok: false, problems: ['The answer is not JSON.'] };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problems: parsed.error.issues.slice(0, MAX_PROBLEMS).map(describe) };
}

function describe({ path, message }: z.core.$ZodIssue): string {
  const place = path.length === 0 ? 'the whole' : path.map(String).join('.');
  return `${place}: ${message}`.replace(/\s+/g, ' ').slice(0, MAX_PROBLEM_CHARACTERS);
}
