import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ApiConfig } from '../../shared/config/api.config.ts';
import { LauncherConfig } from '../../shared/config/launcher.config.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';
import { QUEUES } from '../../shared/queues/queues.ts';
import { readPageTable, readRouteTable } from '../support/authorisation-table.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const documents = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What a pattern's first group matches anywhere in a text. */
const namedIn = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** A path with its parameters, however they are written, and without the version. */
const shapeOf = (route: string): string =>
  route.replace(/ \/api\/v1\//, ' /').replaceAll(/:\w+|\{\w+\}|<[\w ]+>/g, ':id');
const ROUTES = new Set(
  [...readRouteTable(), ...readPageTable()].map(({ method, path }) => shapeOf(`${method} ${path}`)),
);

const METRIC = /`([a-z]+(?:_[a-z]+)*_(?:total|seconds)|[a-z]+(?:_[a-z]+)+(?=\{))/g;
const observability = readdirSync(join(ROOT, 'shared/observability'))
  .map((name) => read(join('shared/observability', name)))
  .join('\n');

describe.each(documents)('%s', (name) => {
  const text = read(name);

  test('names no file that is not there', () => {
    const paths = namedIn(text, /`((?:\.ci|api|bench|deploy|docs|migrations|shared|test|worker)\/[\w./-]+\.\w+)`/g);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('has no link that leads nowhere', () => {
    const links = namedIn(text, /\]\((?!https?:|#)([^)#]+)[^)]*\)/g);
    expect(links.filter((target) => !existsSync(join(ROOT, dirname(name), target)))).toEqual([]);
  });

  test('names no npm script, no route and no metric that there is not', () => {
    const run = namedIn(text, /npm run ([\w:]+)/g);
    expect(run.filter((script) => scripts[script] === undefined)).toEqual([]);
    const routes = namedIn(text, /((?:GET|POST|PUT|PATCH|DELETE) \/[\w/:{}<>-]+)/g);
    expect(routes.filter((route) => !ROUTES.has(shapeOf(route)))).toEqual([]);
    expect(namedIn(text, METRIC).filter((metric) => !observability.includes(`'${metric}'`))).toEqual([]);
  });
});

describe('.env.example', () => {
  const lines = new Map(
    [...read('.env.example').matchAll(/^([A-Z_]+)=(.*?)\s*(?:#.*)?$/gm)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  );
  const settings = Object.entries({ ...LauncherConfig.shape, ...WorkerConfig.shape, ...ApiConfig.shape });

  test('has every setting, and none that nobody reads', () => {
    // Files of secrets and the settings of the second provider are told of in general.
    const told = settings.filter(([key]) => !/_FILE$|^AI_FALLBACK_(?!PROVIDER)/.test(key)).map(([key]) => key);
    expect([...lines.keys()].sort()).toEqual(told.sort());
  });

  test('shows the defaults as they are', () => {
    const wrong = settings.filter(([key, schema]) => {
      const value = lines.get(key) ?? '';
      const preset = schema.safeParse(undefined).data;
      if (value === '' || preset === undefined) return false;
      return JSON.stringify(schema.safeParse(value).data) !== JSON.stringify(preset);
    });
    expect(wrong.map(([key]) => key)).toEqual([]);
    for (const [name, { concurrency }] of Object.entries(QUEUES))
      expect(lines.get(`WORKER_CONCURRENCY_${name.toUpperCase()}`)).toBe(String(concurrency));
  });
});

test('the decisions are numbered without gaps, and each says its number in its title', () => {
  const files = readdirSync(join(ROOT, 'docs/adr')).sort();
  const titles = files.map((file) => read(join('docs/adr', file)).split('\n', 1)[0]);
  expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
  expect(titles).toEqual(files.map((_, index) => expect.stringMatching(new RegExp(`^# ${index + 1}\\. `))));
});
