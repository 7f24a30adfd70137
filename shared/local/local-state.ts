import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Role } from '../contracts/auth.contract.ts';

const Secrets = z.object({ databasePassword: z.string(), jwtSecret: z.string(), opsToken: z.string() });
export type Secrets = z.infer<typeof Secrets>;

export const SampleAccount = z.object({ role: Role, email: z.string(), password: z.string() });
export type SampleAccount = z.infer<typeof SampleAccount>;

/** What `npm start` keeps between starts, all of it below one folder that only its owner can read secrets of. */
export interface LocalState {
  readonly databaseDir: string;
  readonly logDir: string;
  /** Where mails are written, as long as no SMTP server is named. */
  readonly mailDir: string;
  readonly lockFile: string;
  readonly sampleSubmissionFile: string;
  /** Where the address of the embedded database is kept, password and all, for commands: `DATABASE_URL_FILE`. */
  readonly databaseUrlFile: string;
  readonly secrets: Secrets;
  readonly accounts: readonly SampleAccount[];
}

/** Reads the state, making what is not there yet. */
export function openLocalState(dir: string): LocalState {
  mkdirSync(dir, { recursive: true });
  const logDir = join(dir, 'logs');
  mkdirSync(logDir, { recursive: true });
  return {
    databaseDir: join(dir, 'postgres'),
    logDir,
    mailDir: join(dir, 'mail'),
    lockFile: join(dir, 'launcher.pid'),
    sampleSubmissionFile: join(dir, 'sample-submission.json'),
    databaseUrlFile: join(dir, 'database-url'),
    secrets: readOrMake(join(dir, 'secrets.json'), Secrets, () => ({
      databasePassword: randomToken(),
      jwtSecret: randomToken(),
      opsToken: randomToken(),
    })),
    accounts: readOrMake(join(dir, 'credentials.json'), z.array(SampleAccount), () =>
      Role.options.map((role) => ({ role, email: `${role}@example.com`, password: randomToken(18) })),
    ),
  };
}

const randomToken = (bytes = 48): string => randomBytes(bytes).toString('base64url');

function readOrMake<Value>(file: string, schema: z.ZodType<Value>, make: () => Value): Value {
  if (existsSync(file)) return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const value = make();
  // Written aside and renamed: a start that is killed in between leaves no half a file.
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
  return value;
}
