import { randomBytes, randomInt } from 'node:crypto';
import { Client as PostgresClient } from 'pg';
import { migrate, migrateQueueBackend } from '../shared/db/migrate.ts';
import { openDatabase } from '../shared/db/pool.ts';
import { createPasswords } from '../shared/identity/passwords.ts';
import { createDatabaseMetrics } from '../shared/observability/database.metrics.ts';
import { Registry } from 'prom-client';
import { Client } from '../test/support/client.ts';
import { buildUser } from '../test/support/factories.ts';
import { startApi } from '../test/support/processes.ts';
import { startPostgres } from './bench-platform.ts';
import { compareSamples, median, smallestVisibleShift } from './compare-samples.ts';

/**
 * Whether the time of an answer tells if an address has an account: pairs of requests in random order, one about an address with and one
 * about an address without, compared by rank. Against a real api process and PostgreSQL on the loopback interface, where the network adds no
 * noise for a difference to hide in. Run: `npm run bench:enumeration`; takes about a minute.
 */
const PAIRS = 250;
const WARM_UP_PAIRS = 25;
const ADDRESSES = 25;
const PASSWORD = 'correct horse battery staple';
const SIGNIFICANCE = 0.01;
const NOW = { memoryKib: 19_456, passes: 3 };
const BEFORE = { memoryKib: 19_456, passes: 2 };

interface Question {
  title: string;
  withAccount: readonly string[];
  ask: (email: string) => Promise<{ status: number }>;
  status: number;
}

const postgres = await startPostgres();
try {
  const databaseUri = await createDatabase();
  const { current, outdated } = await buildAccounts(databaseUri);
  const api = await startApi({
    databaseUri,
    prefix: `{bench-${randomBytes(4).toString('hex')}}`,
    extra: {
      REGISTRATION: 'confirmed',
      PASSWORD_HASH_PASSES: String(NOW.passes),
      TRUST_PROXY: '1',
      LOGIN_FAILURES_BEFORE_DELAY: '100',
      RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: '100000',
      RATE_LIMIT_AUTH_PER_MINUTE: '100000',
      LOG_LEVEL: 'warn',
    },
  });
  try {
    print(
      `${PAIRS} pairs each; p: of such a difference by chance; P(with > without): 0.5 where nothing tells them apart`,
    );
    print(
      'question                              median ms with / without   p       P(with > without)   a shift would show from',
    );
    const client = new Client(api.url);
    const logIn = (email: string) => send(client, '/auth/login', { email, password: 'not the password' });
    await measure({ title: 'login, wrong password', withAccount: current, ask: logIn, status: 401 });
    await measure({ title: 'login, hash of older parameters', withAccount: outdated, ask: logIn, status: 401 });
    await measure({
      title: 'forgotten password',
      withAccount: current,
      ask: (email) => send(client, '/auth/password/forgot', { email }),
      status: 202,
    });
    await measure({
      title: 'registration, confirmed by mail',
      withAccount: current,
      ask: (email) => send(client, '/auth/register', { email, password: PASSWORD, name: 'Ada' }),
      status: 202,
    });
  } finally {
    await api.kill();
  }
} finally {
  await postgres.stop();
}

async function measure({ title, withAccount, ask, status }: Question): Promise<void> {
  const without = withAccount.map(() => uniqueEmail());
  const times = { with: [] as number[], without: [] as number[] };
  for (let pair = 0; pair < WARM_UP_PAIRS + PAIRS; pair++) {
    const index = pair % ADDRESSES;
    const round = [
      { kind: 'with', email: withAccount[index] ?? '' },
      { kind: 'without', email: without[index] ?? '' },
    ] as const;
    for (const { kind, email } of randomInt(2) === 0 ? round : round.toReversed()) {
      const began = performance.now();
      const answer = await ask(email);
      const elapsedMs = performance.now() - began;
      if (answer.status !== status) throw new Error(`${title}: answered ${answer.status}.`);
      if (pair >= WARM_UP_PAIRS) times[kind].push(elapsedMs);
    }
  }
  report(title, times.with, times.without);
}

function report(title: string, known: readonly number[], unknown: readonly number[]): void {
  const { p, superiority } = compareSamples(known, unknown);
  const shift = smallestVisibleShift(known, unknown, { significance: SIGNIFICANCE, step: 0.05, most: 50 });
  const medians = `${median(known).toFixed(2)} / ${median(unknown).toFixed(2)}`;
  const visible = shift === null ? 'none tried' : `${shift.toFixed(2)} ms`;
  print(
    `${title.padEnd(38)}${medians.padEnd(27)}${p.toFixed(3).padEnd(8)}${superiority.toFixed(3).padEnd(20)}${visible}`,
  );
}

/** Each request comes from another network, so that none is slowed down for what the others did. */
function send(client: Client, path: string, body: Record<string, string>): Promise<{ status: number }> {
  const from = `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`;
  return client.post(`/api/v1${path}`, body, { 'X-Forwarded-For': from });
}

async function createDatabase(): Promise<string> {
  const client = new PostgresClient({ connectionString: postgres.server.uri('postgres') });
  await client.connect();
  await client.query('CREATE DATABASE enumeration');
  await client.end();
  const uri = postgres.server.uri('enumeration');
  await migrate({ uri, log: () => undefined });
  await migrateQueueBackend(uri);
  return uri;
}

/** Accounts whose passwords were hashed with the api's parameters, and accounts from before these were raised. */
async function buildAccounts(uri: string): Promise<{ current: string[]; outdated: string[] }> {
  const metrics = createDatabaseMetrics(new Registry());
  const db = await openDatabase({ uri, poolMax: 2, statementTimeoutMs: 30_000, metrics, onError: () => undefined });
  try {
    const build = async (parameters: typeof NOW): Promise<string[]> => {
      const hash = await (await createPasswords({ parameters })).hash(PASSWORD);
      const emails = Array.from({ length: ADDRESSES }, uniqueEmail);
      for (const email of emails) await buildUser(db, { email, password_hash: hash });
      return emails;
    };
    return { current: await build(NOW), outdated: await build(BEFORE) };
  } finally {
    await db.end();
  }
}

function uniqueEmail(): string {
  return `${crypto.randomUUID()}@example.com`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
