import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Environment = Record<string, string | undefined>;

/** Everything that is wrong with the environment, in one message. Values are never repeated: they may be secrets. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The environment has ${problems.length} bad setting(s):\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the environment once through a schema.
 * A key given as `NAME_FILE` (a mounted secret) is read from that file. Empty strings and files count as absent.
 * `NODE_ENV=production` alone is refused: who sets it takes the process for one in production, and it would not be.
 *
 * @throws ConfigError naming every bad key at once.
 */
export function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment = process.env,
): z.output<Schema> {
  const { values, problems } = resolveSecretFiles(environment);
  if (values['NODE_ENV'] === 'production' && values['SERVER_ENV'] === undefined) {
    problems.push('SERVER_ENV: is required with NODE_ENV=production, by which alone nothing here is in production');
  }
  const parsed = schema.safeParse(values);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError([...problems, ...(parsed.error?.issues.map(describeIssue) ?? [])]);
}

/** For the start of a process: a bad environment is reported on stderr in full, and the process ends with 78 (EX_CONFIG). */
export function readConfigOrExit<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  try {
    return loadConfig(schema);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(78);
  }
}

function resolveSecretFiles(environment: Environment): { values: Environment; problems: string[] } {
  const values: Environment = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(environment)) {
    if (value !== undefined && value.trim() !== '') values[key] = value.trim();
  }
  for (const key of Object.keys(values).filter(
    (name) => SECRET_KEYS.has(name.replace(/_FILE$/, '')) && name.endsWith('_FILE'),
  )) {
    const target = key.slice(0, -'_FILE'.length);
    if (values[target] !== undefined) {
      problems.push(`${target}: set both directly and as ${key}; keep one`);
      continue;
    }
    try {
      const value = readFileSync(String(values[key]), 'utf8').trim();
      if (value !== '') values[target] = value;
    } catch (error) {
      problems.push(`${key}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
    }
  }
  return { values, problems };
}

/** The keys whose values are secrets: never repeated, never logged, readable from `NAME_FILE`. */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  'JWT_SECRET',
  'JWT_PREVIOUS_SECRET',
  'DB_PASSWORD',
  'DATABASE_URL',
  'DATABASE_LISTEN_URL',
  'REDIS_URL',
  'OPS_TOKEN',
  'MFA_ENCRYPTION_KEY',
  'MFA_PREVIOUS_ENCRYPTION_KEY',
  'SMTP_URL',
  'AI_API_KEY',
  'AI_FALLBACK_API_KEY',
]);

function describeIssue(issue: z.core.$ZodIssue): string {
  const key = issue.path.join('.') || 'environment';
  if (issue.code === 'invalid_type' && issue.message.includes('received undefined')) return `${key}: is required`;
  return `${key}: ${issue.message}`;
}

/** `true/false`, `1/0`, `yes/no`, `on/off`. */
export const flag = z.stringbool();

/** A whole number within bounds. */
export const integer = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);

/** A TCP port; 0 lets the system choose one. */
export const port = integer(0, 65_535);

/** A comma-separated list without empty items. */
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const SECONDS_PER_UNIT = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A duration such as `900s`, `15m`, `24h`, `30d`, in seconds. A bare number means hours. */
export const durationSeconds = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]?$/, 'must be a duration such as 900s, 15m, 24h or 30d')
  .transform((value) => {
    const unit = value.at(-1) as keyof typeof SECONDS_PER_UNIT;
    return Number.parseInt(value, 10) * (SECONDS_PER_UNIT[unit] ?? SECONDS_PER_UNIT.h);
  });
