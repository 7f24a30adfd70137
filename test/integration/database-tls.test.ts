import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { databaseOwner } from '../../shared/local/run-as.ts';
import { uniquePrefix } from '../support/backends.ts';
import { runCommand } from '../support/commands.ts';
import { startMortalDatabase, type MortalDatabase } from '../support/database-outage.ts';
import { eventually } from '../support/eventually.ts';
import { makeLauncherHome, runLauncher } from '../support/launcher.ts';
import { startApi, startWorkerProcess, type TestProcess } from '../support/processes.ts';
import { selfSigned } from '../support/self-signed.ts';
import { serverUri } from '../support/test-database.ts';

const MIGRATE = 'shared/db/migrate-command.ts';
const ROLES = 'shared/identity/roles-command.ts';

describe('a database that is reached over TLS only', () => {
  const certificate = selfSigned();
  let directory: string;
  let server: MortalDatabase;
  let admin: Client;
  /** What makes a process trust the server. */
  let trust: { NODE_EXTRA_CA_CERTS: string };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'learnify-tls-'));
    // As root the server runs as another user, who has to get to its key.
    chmodSync(directory, 0o755);
    const owner = databaseOwner(directory);
    const write = (name: string, content: string): string => {
      const file = join(directory, name);
      writeFileSync(file, content, { mode: 0o600 });
      if (owner !== null) chownSync(file, owner.uid, owner.gid);
      return file;
    };
    const ssl_cert_file = write('server.pem', certificate.cert);
    trust = { NODE_EXTRA_CA_CERTS: ssl_cert_file };
    server = await startMortalDatabase({
      ssl: 'on',
      ssl_cert_file,
      ssl_key_file: write('server.key', certificate.key),
    });
    admin = new Client({ connectionString: server.uri, ssl: { ca: certificate.cert } });
    await admin.connect();
    await refusePlainText();
  });
  afterAll(async () => {
    await admin.end();
    await server.remove();
    rmSync(directory, { recursive: true });
  });

  async function refusePlainText(): Promise<void> {
    const { rows } = await admin.query<{ hba_file: string }>('SHOW hba_file');
    writeFileSync(rows[0]?.hba_file ?? '', 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
    await admin.query('SELECT pg_reload_conf()');
    await eventually('nobody gets in without TLS', async () => {
      const plain = new Client({ connectionString: server.uri });
      return plain.connect().then(
        () => plain.end(),
        () => true,
      );
    });
  }

  const parts = (): Record<string, string> => {
    const { hostname, port, username, password, pathname } = new URL(server.uri);
    return { DB_HOST: hostname, DB_PORT: port, DB_USER: username, DB_PASSWORD: password, DB_NAME: pathname.slice(1) };
  };

  /** What each connection of others did last, and whether it is encrypted. */
  async function connections(): Promise<{ last: string; ssl: boolean }[]> {
    const { rows } = await admin.query<{ last: string; ssl: boolean }>(
      `SELECT application_name || ': ' || query AS last, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return rows;
  }

  const isLive = async ({ url }: TestProcess): Promise<boolean> =>
    /^database_notifications_live 1$/m.test(await (await fetch(`${url}/metrics`)).text());

  test.each([
    ['DB_SSL_MODE beside addresses', { DB_SSL_MODE: 'require' }, ''],
    ['the sslmode of DATABASE_URL', {}, '?sslmode=require'],
  ])('is so by pool, BullMQ and LISTEN of api and worker: by %s', async (_, mode, query) => {
    // Without Redis: the queues then have connections of their own.
    const environment = {
      databaseUri: `${server.uri}${query}`,
      prefix: uniquePrefix(),
      extra: { ...mode, ...trust, DATABASE_LISTEN_URL: server.uri, WORKER_QUEUES: 'grading' },
    };
    const processes = await Promise.all([startApi(environment), startWorkerProcess(environment)]);
    try {
      for (const started of processes) await eventually('it hears notifications', () => isLive(started));
      const open = await connections();
      const kinds = { pool: /^: SELECT 1 AS ping/, bullmq: /^: SELECT 1$|bullmq/i, listen: /^learnify-listen: / };
      for (const [kind, pattern] of Object.entries(kinds))
        expect([kind, open.some(({ last }) => pattern.test(last))]).toEqual([kind, true]);
      expect(open.filter(({ ssl }) => !ssl)).toEqual([]);
    } finally {
      await Promise.all(processes.map((started) => started.kill()));
    }
  });

  test.each([MIGRATE, ROLES])('is so by %s, however the mode is given', async (command) => {
    const args = command === ROLES ? ['list'] : [];
    const run = (env: Record<string, string>) => runCommand(command, args, env);
    for (const env of [
      { ...parts(), DB_SSL_MODE: 'require' },
      { DATABASE_URL: server.uri, DB_SSL_MODE: 'require' },
      { DATABASE_URL: `${server.uri}?sslmode=require` },
    ])
      expect(await run({ ...env, ...trust })).toMatchObject({ code: 0 });
    expect(await run({ DATABASE_URL: server.uri, DB_SSL_MODE: 'no-verify' })).toMatchObject({ code: 0 });
    expect((await run({ DATABASE_URL: server.uri, ...trust })).stderr).toMatch(/no encryption/);
  });

  test('is given no password when its certificate is not trusted', async () => {
    const { code, stderr } = await runCommand(MIGRATE, [], { DATABASE_URL: server.uri, DB_SSL_MODE: 'require' });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    expect(stderr).not.toContain(new URL(server.uri).password);
  });

  test('is so by the migrations of npm start', async () => {
    const home = await makeLauncherHome();
    try {
      const launcher = runLauncher(home, { DATABASE_URL: server.uri, DB_SSL_MODE: 'require' });
      expect(await launcher.exited).toBe(1);
      expect(launcher.output()).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    } finally {
      home.remove();
    }
  });
});

test('a database without TLS is not worked with in plain text where TLS is required', async () => {
  const { code, stderr } = await runCommand(MIGRATE, [], { DATABASE_URL: serverUri(), DB_SSL_MODE: 'require' });
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/does not support SSL/);
});
