import { describe, expect, test } from '@jest/globals';
import { ApiConfig } from '../../shared/config/api.config.ts';
import { loadConfig, type Environment } from '../../shared/config/env.ts';
import { LauncherConfig } from '../../shared/config/launcher.config.ts';
import { databaseUri, listenUri } from '../../shared/config/sections.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';
import { problemsOf } from '../support/config-problems.ts';

const STRONG = 'kH3vN8sQ2xW7zB5mT9pL4rY6uC1dF0aJ';
const MINIMAL = { DATABASE_URL: 'postgres://app:pw@db:5432/app', JWT_SECRET: STRONG };

const loadWorker = (environment: Environment) =>
  loadConfig(WorkerConfig, { DATABASE_URL: MINIMAL.DATABASE_URL, ...environment });

describe('the database', () => {
  const parts = { DB_HOST: 'db.internal', DB_USER: 'app', DB_NAME: 'learnify' };
  const uriOf = (environment: Environment) => databaseUri(loadConfig(WorkerConfig, environment));

  test('may be named by its parts', () => {
    expect(uriOf({ ...parts, DB_PASSWORD: 'pw', DB_PORT: '6432' })).toBe('postgres://app:pw@db.internal:6432/learnify');
    expect(uriOf({ ...parts, DB_SSL_MODE: 'require' })).toBe(
      'postgres://app@db.internal:5432/learnify?sslmode=require',
    );
  });

  test('gets through whatever signs its user, password and name have', () => {
    const odd = { DB_USER: 'app@corp', DB_PASSWORD: 'p@ss:w/o?r#d%20 é', DB_NAME: 'my/db' };
    const uri = new URL(uriOf({ ...parts, ...odd }));
    expect(uri.hostname).toBe('db.internal');
    expect(decodeURIComponent(uri.username)).toBe(odd.DB_USER);
    expect(decodeURIComponent(uri.password)).toBe(odd.DB_PASSWORD);
    expect(decodeURIComponent(uri.pathname.slice(1))).toBe(odd.DB_NAME);
  });

  test('is named by DATABASE_URL first', () => {
    expect(uriOf({ ...parts, DATABASE_URL: 'postgresql://elsewhere/app' })).toBe('postgresql://elsewhere/app');
  });

  test.each(['db/name', 'db?sslmode=disable', 'db#x', 'user@db', 'db:6432', 'a b', '[db]'])(
    'has no host named %s',
    (DB_HOST) => {
      expect(problemsOf(() => uriOf({ ...parts, DB_HOST }))).toEqual([
        'DB_HOST: must be a host alone; its port is DB_PORT',
      ]);
    },
  );

  test.each(['db', '10.0.0.1', '[::1]', '%2Frun%2Fpostgresql'])('may have a host named %s', (DB_HOST) => {
    expect(uriOf({ ...parts, DB_HOST })).toBe(`postgres://app@${DB_HOST}:5432/learnify`);
  });
});

describe('encryption towards the database', () => {
  const plain = MINIMAL.DATABASE_URL;
  const listening = 'postgres://app:pw@direct:5432/app?application_name=a';
  const urisOf = (environment: Environment) => {
    const values = loadWorker(environment);
    return [databaseUri(values), listenUri(values)];
  };

  test('is that of DB_SSL_MODE also at addresses that do not tell', () => {
    expect(urisOf({ DB_SSL_MODE: 'require' })).toEqual([`${plain}?sslmode=require`, `${plain}?sslmode=require`]);
    expect(urisOf({ DB_SSL_MODE: 'no-verify', DATABASE_LISTEN_URL: listening })).toEqual([
      `${plain}?sslmode=no-verify`,
      `${listening}&sslmode=no-verify`,
    ]);
    expect(urisOf({ DATABASE_LISTEN_URL: listening })).toEqual([plain, listening]);
  });

  test('is the same for the listening connection, unless its address tells otherwise', () => {
    const DATABASE_URL = `${plain}?sslmode=require`;
    expect(urisOf({ DATABASE_URL, DATABASE_LISTEN_URL: listening })).toEqual([
      DATABASE_URL,
      `${listening}&sslmode=require`,
    ]);
    const own = `${listening}&sslmode=disable`;
    expect(urisOf({ DATABASE_URL, DATABASE_LISTEN_URL: own })).toEqual([DATABASE_URL, own]);
  });

  test.each(['DATABASE_URL', 'DATABASE_LISTEN_URL'])(
    'is refused when %s and DB_SSL_MODE contradict each other',
    (key) => {
      const settings = { [key]: `${plain}?sslmode=require` };
      const refused = [`${key}: has another sslmode than DB_SSL_MODE; keep one`];
      for (const DB_SSL_MODE of ['disable', 'no-verify'])
        expect(problemsOf(() => loadWorker({ ...settings, DB_SSL_MODE }))).toEqual(refused);
      expect(() => loadWorker({ ...settings, DB_SSL_MODE: 'require' })).not.toThrow();
    },
  );

  const schemas = { api: ApiConfig, worker: WorkerConfig, launcher: LauncherConfig };
  test.each(Object.entries(schemas))(
    'is asked of no address in words that not all connections hear: %s',
    (_, schema) => {
      const badKeys = (query: string) =>
        problemsOf(() =>
          loadConfig<typeof schema>(schema, { ...MINIMAL, DATABASE_URL: `${plain}?application_name=a&${query}` }),
        ).map((problem) => problem.split(':')[0]);
      const others = ['ssl=true', 'ssl=0', 'SSLMODE=require', 'sslrootcert=/ca.pem', 'sslnegotiation=direct'];
      const modes = ['sslmode=prefer', 'sslmode=verify-full', 'sslmode=', 'sslmode=disable&sslmode=require'];
      for (const query of [...others, ...modes, 'uselibpqcompat=true&sslmode=require'])
        expect([query, badKeys(query)]).toEqual([query, ['DATABASE_URL']]);
      for (const mode of ['disable', 'require', 'no-verify']) expect(badKeys(`sslmode=${mode}`)).toEqual([]);
    },
  );
});
