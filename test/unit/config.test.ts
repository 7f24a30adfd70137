import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ApiConfig } from '../../shared/config/api.config.ts';
import { currentUri, databasePassword, listenPassword } from '../../shared/config/database-password.ts';
import { ConfigError, loadConfig, SECRET_KEYS, type Environment } from '../../shared/config/env.ts';
import { childEnvironment, LauncherConfig } from '../../shared/config/launcher.config.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';
import { problemsOf } from '../support/config-problems.ts';

const STRONG = 'kH3vN8sQ2xW7zB5mT9pL4rY6uC1dF0aJ';
const OTHER = 'vT4kQ9nZ2xB7mW5sL8rJ3pC6hF1dG0yE';
const MINIMAL = { DATABASE_URL: 'postgres://app:pw@db:5432/app', JWT_SECRET: STRONG };

const loadApi = (environment: Environment) => loadConfig(ApiConfig, { ...MINIMAL, ...environment });
const loadWorker = (environment: Environment) =>
  loadConfig(WorkerConfig, { DATABASE_URL: MINIMAL.DATABASE_URL, ...environment });

describe('the environment', () => {
  test('needs no more than a database and a secret', () => {
    expect(loadApi({})).toMatchObject({
      SERVER_ENV: 'development',
      SERVER_HOST: '127.0.0.1',
      SERVER_PORT: 8080,
      JWT_EXPIRATION: 900,
      REFRESH_TOKEN_LIFETIME: 30 * 86_400,
      ALLOWED_ORIGINS: [],
      TRUST_PROXY: 0,
      ENABLE_SECURITY_HEADERS: true,
    });
  });

  test('has all its bad keys reported at once', () => {
    const bad = {
      SERVER_PORT: '70000',
      JWT_SECRET: 'short',
      JWT_EXPIRATION: 'soon',
      DATABASE_URL: 'mysql://db/app',
      REDIS_URL: 'not a url',
      LOG_LEVEL: 'loud',
      ENABLE_METRICS: 'perhaps',
      TRUST_PROXY: '-1',
      QUEUE_PREFIX: 'a b',
    };
    const problems = problemsOf(() => loadApi(bad));
    expect(new Set(problems.map((problem) => problem.split(':')[0]))).toEqual(new Set(Object.keys(bad)));
    expect(new ConfigError(problems).message).toMatch(/9 bad setting\(s\):\n {2}- /);
  });

  test('that is empty is told what is missing', () => {
    expect(problemsOf(() => loadConfig(ApiConfig, {}))).toEqual(expect.arrayContaining(['JWT_SECRET: is required']));
    expect(problemsOf(() => loadConfig(WorkerConfig, {}))).toEqual([
      'DB_HOST: is required (or set DATABASE_URL)',
      'DB_USER: is required (or set DATABASE_URL)',
      'DB_NAME: is required (or set DATABASE_URL)',
    ]);
  });

  test('never has a value repeated in what is said about it', () => {
    const secret = 'hunter2-super-secret';
    const message = new ConfigError(
      problemsOf(() =>
        loadApi({
          SERVER_ENV: 'production',
          JWT_SECRET: secret,
          JWT_PREVIOUS_SECRET: secret,
          OPS_TOKEN: secret,
          DATABASE_URL: `mysql://app:${secret}@db/app`,
          REDIS_URL: `http://:${secret}@redis`,
          LOG_LEVEL: secret,
          SERVER_PORT: secret,
          ALLOWED_ORIGINS: `https://${secret}.example/path`,
        }),
      ),
    ).message;
    expect(message).not.toContain(secret);
    expect(message).toMatch(/The environment has 13 bad/);
  });

  test('has to say what it is where NODE_ENV says production, in every process', () => {
    const refused = ['SERVER_ENV: is required with NODE_ENV=production, by which alone nothing here is in production'];
    expect(problemsOf(() => loadApi({ NODE_ENV: 'production' }))).toEqual(refused);
    expect(problemsOf(() => loadWorker({ NODE_ENV: 'production', SERVER_ENV: ' ' }))).toEqual(refused);
    expect(problemsOf(() => loadConfig(LauncherConfig, { NODE_ENV: 'production' }))).toEqual(refused);
    for (const SERVER_ENV of ['development', 'test', 'production'] as const)
      expect(loadApi({ NODE_ENV: 'production', SERVER_ENV }).SERVER_ENV).toBe(SERVER_ENV);
    expect(loadApi({ NODE_ENV: 'development' }).SERVER_ENV).toBe('development');
  });

  test('has empty values counted as absent, and surrounding white space dropped', () => {
    expect(loadApi({ SERVER_PORT: '', REDIS_URL: '  ', LOG_LEVEL: ' warn\n' })).toMatchObject({
      SERVER_PORT: 8080,
      LOG_LEVEL: 'warn',
    });
    expect(problemsOf(() => loadApi({ JWT_SECRET: '   ' }))).toEqual(['JWT_SECRET: is required']);
  });

  test.each([
    ['true', true],
    ['1', true],
    ['yes', true],
    ['on', true],
    ['false', false],
    ['0', false],
    ['no', false],
    ['OFF', false],
  ])('may say %s for a switch', (text, value) => {
    expect(loadApi({ ENABLE_METRICS: text }).ENABLE_METRICS).toBe(value);
  });
});

describe('secrets in files', () => {
  let directory: string;
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'learnify-config-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test('are read, without the line break that editors add', () => {
    const config = loadConfig(ApiConfig, {
      JWT_SECRET_FILE: file('jwt', `${STRONG}\n`),
      DATABASE_URL_FILE: file('database', ' postgres://file/app\n'),
      OPS_TOKEN_FILE: file('ops', STRONG),
    });
    expect(config).toMatchObject({ JWT_SECRET: STRONG, DATABASE_URL: 'postgres://file/app', OPS_TOKEN: STRONG });
  });

  test('are possible for every setting that holds a secret, whichever process reads it', () => {
    const secretive = /SECRET|PASSWORD$|TOKEN$|KEY$|_URL$/;
    // Addresses: whoever could read them would learn nothing.
    const harmless = new Set(['AI_BASE_URL', 'AI_FALLBACK_BASE_URL', 'APP_URL', 'BREACHED_PASSWORDS_URL']);
    const keys = [ApiConfig, WorkerConfig].flatMap((schema) => Object.keys(schema.shape));
    const secrets = new Set(keys.filter((key) => secretive.test(key) && !harmless.has(key)));
    expect(secrets).toEqual(SECRET_KEYS);
  });

  test('that the launcher has read are not given to its processes a second time', () => {
    process.env['OPS_TOKEN_FILE'] = file('launcher', STRONG);
    try {
      const child = childEnvironment({ OPS_TOKEN: STRONG });
      expect(loadApi(child).OPS_TOKEN).toBe(STRONG);
      expect(childEnvironment({})).toHaveProperty('OPS_TOKEN_FILE');
    } finally {
      delete process.env['OPS_TOKEN_FILE'];
    }
  });

  test('that cannot be read are reported together with everything else', () => {
    const problems = problemsOf(() =>
      loadConfig(ApiConfig, { JWT_SECRET_FILE: join(directory, 'absent'), LOG_LEVEL: 'x' }),
    );
    expect(problems).toEqual(
      expect.arrayContaining(['JWT_SECRET_FILE: cannot be read (ENOENT)', expect.stringMatching(/^LOG_LEVEL: /)]),
    );
  });

  test('are refused when the key is set directly too', () => {
    const both = { JWT_SECRET: STRONG, JWT_SECRET_FILE: file('both', STRONG) };
    expect(problemsOf(() => loadApi(both))).toEqual(['JWT_SECRET: set both directly and as JWT_SECRET_FILE; keep one']);
  });

  test('are looked for only where a secret is meant, not behind every name that ends so', () => {
    expect(() => loadApi({ SSL_CERT_FILE: '/no/such/file', LOG_LEVEL_FILE: '/no/such/file' })).not.toThrow();
  });
});

describe('the password of the database, asked for at each connection', () => {
  let directory: string;
  const write = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'learnify-password-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test('is what its file holds now, be it a password or a whole address', () => {
    const parts = { DB_HOST: 'db', DB_USER: 'app', DB_NAME: 'app', DB_PASSWORD_FILE: write('password', 'first') };
    const byParts = databasePassword(loadConfig(WorkerConfig, parts));
    const byUrl = databasePassword(
      loadConfig(WorkerConfig, { DATABASE_URL_FILE: write('url', 'postgres://app:fi%2Frst@db/app') }),
    );
    expect([byParts?.(), byUrl?.()]).toEqual(['first', 'fi/rst']);
    write('password', 'p@ss:w/o?r#d%20 é\n');
    write('url', 'postgres://app:s%40cond@db/app\n');
    expect([byParts?.(), byUrl?.()]).toEqual(['p@ss:w/o?r#d%20 é', 's@cond']);
    expect(new URL(currentUri('postgres://app:old@db/app?sslmode=require', byParts)).href).toBe(
      `postgres://app:${encodeURIComponent('p@ss:w/o?r#d%20 é')}@db/app?sslmode=require`,
    );
  });

  test('stays what it was while its file is empty, gone or no address', () => {
    const file = write('torn', 'postgres://app:whole@db/app');
    const password = databasePassword(loadConfig(WorkerConfig, { DATABASE_URL_FILE: file }));
    for (const torn of ['', 'postgres:', '  \n']) {
      write('torn', torn);
      expect(password?.()).toBe('whole');
    }
    rmSync(file);
    expect(password?.()).toBe('whole');
  });

  test('is that of the address when it stands in the environment', () => {
    const values = loadWorker({});
    expect([databasePassword(values), listenPassword(values)]).toEqual([undefined, undefined]);
    expect(currentUri(MINIMAL.DATABASE_URL, undefined)).toBe(MINIMAL.DATABASE_URL);
  });

  test('is another one for the listening connection when that has an address of its own', () => {
    const own = write('listen', 'postgres://app:listening@db/app');
    const url = write('main', 'postgres://app:working@pooler/app');
    const both = loadConfig(WorkerConfig, { DATABASE_URL_FILE: url, DATABASE_LISTEN_URL_FILE: own });
    expect([databasePassword(both)?.(), listenPassword(both)?.()]).toEqual(['working', 'listening']);
    const one = loadConfig(WorkerConfig, { DATABASE_URL_FILE: url });
    expect(listenPassword(one)?.()).toBe('working');
    expect(listenPassword(loadWorker({ DATABASE_LISTEN_URL: 'postgres://app:fixed@db/app' }))).toBeUndefined();
  });
});

describe('in production', () => {
  const weak = [
    'learnify-learnify-learnify-learnify',
    'please-change-this-before-going-live',
    'my-Secret-is-quite-long-and-readable',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'abababababababababababababababababab',
    'zy1234xwvutsrqponmlkjihgfedcbaZYXWVU',
  ];

  test.each(weak)('the secret %s is refused', (secret) => {
    const message = 'is too weak for production: use at least 32 random characters';
    const production = { SERVER_ENV: 'production', JWT_SECRET: secret, OPS_TOKEN: `${secret}.` };
    expect(problemsOf(() => loadApi(production))).toEqual([`JWT_SECRET: ${message}`, `OPS_TOKEN: ${message}`]);
    expect(() => loadApi({ ...production, SERVER_ENV: 'development' })).not.toThrow();
  });

  test('a random secret is taken', () => {
    expect(() => loadApi({ SERVER_ENV: 'production', OPS_TOKEN: OTHER })).not.toThrow();
    expect(() =>
      loadApi({ SERVER_ENV: 'production', JWT_SECRET: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b' }),
    ).not.toThrow();
  });

  test('a weak previous secret is refused as the current one would be', () => {
    const production = { SERVER_ENV: 'production', JWT_PREVIOUS_SECRET: weak[0] };
    expect(problemsOf(() => loadApi(production))).toEqual([expect.stringMatching(/^JWT_PREVIOUS_SECRET: is too weak/)]);
  });

  const ours = ['JWT_SECRET', 'JWT_PREVIOUS_SECRET', 'OPS_TOKEN', 'MFA_ENCRYPTION_KEY', 'MFA_PREVIOUS_ENCRYPTION_KEY'];
  const pairs = ours.flatMap((first, index) => ours.slice(index + 1).map((second) => [second, first] as const));
  test.each(pairs)('%s is refused when it is the same as %s', (second, first) => {
    const production = { SERVER_ENV: 'production', [first]: OTHER, [second]: OTHER };
    const problem = `${second}: is the same as ${first}: each must be one of its own in production`;
    expect(problemsOf(() => loadApi(production))).toEqual([problem]);
    expect(() => loadApi({ ...production, SERVER_ENV: 'development' })).not.toThrow();
  });
});

describe('single settings', () => {
  test.each([
    ['900s', 900],
    ['15m', 900],
    ['24h', 86_400],
    ['30d', 2_592_000],
    ['2', 7200],
  ])('the duration %s is %i seconds', (text, seconds) => {
    expect(loadApi({ REFRESH_TOKEN_LIFETIME: text }).REFRESH_TOKEN_LIFETIME).toBe(seconds);
  });

  test.each(['', '-5m', '1.5h', '5 m', 'm', '1w', '12345678s', '0s'])('%p is no duration', (text) => {
    if (text === '') expect(loadApi({ JWT_EXPIRATION: text }).JWT_EXPIRATION).toBe(900);
    else
      expect(problemsOf(() => loadApi({ JWT_EXPIRATION: text }))).toEqual([expect.stringMatching(/^JWT_EXPIRATION: /)]);
  });

  test.each([
    '*',
    'https://app.example.org/',
    'https://app.example.org/path',
    'app.example.org',
    'null',
    'https://*.example.org',
  ])('%s is no origin to allow', (origin) => {
    expect(problemsOf(() => loadApi({ ALLOWED_ORIGINS: origin }))).toEqual([
      expect.stringMatching(/^ALLOWED_ORIGINS: /),
    ]);
  });

  test('several origins are separated by commas', () => {
    const { ALLOWED_ORIGINS } = loadApi({ ALLOWED_ORIGINS: 'https://a.example, http://localhost:3000 ,' });
    expect(ALLOWED_ORIGINS).toEqual(['https://a.example', 'http://localhost:3000']);
  });

  test('TLS to Redis is asked for in any spelling', () => {
    const { REDIS_URL } = loadApi({ REDIS_URL: 'REDISS://:Pw@Redis:6380/1' });
    expect(REDIS_URL).toBe('rediss://:Pw@Redis:6380/1');
    expect(new Redis(REDIS_URL ?? '', { lazyConnect: true }).options.tls).toBeTruthy();
  });

  test('the queues of a worker are all by default, else those named', () => {
    expect(loadWorker({}).WORKER_QUEUES).toEqual(['grading', 'review', 'mail', 'maintenance']);
    expect(loadWorker({ WORKER_QUEUES: ' grading ,' }).WORKER_QUEUES).toEqual(['grading']);
    for (const queues of ['grading,nothing', ',', 'Grading']) {
      expect(problemsOf(() => loadWorker({ WORKER_QUEUES: queues }))).toEqual([
        expect.stringMatching(/^WORKER_QUEUES/),
      ]);
    }
  });
});
