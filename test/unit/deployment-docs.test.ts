import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const namedIn = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);

const compose = read('deploy/compose.yaml');

test('every compose command names compose.yaml and its settings, without which it is not even read', () => {
  const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  const commands = ['README.md', ...documents].flatMap((name) => namedIn(read(name), /docker compose ([^\n`]*)/g));
  expect(commands.length).toBeGreaterThan(5);
  const complete = '--env-file /etc/learnify/compose.env -f deploy/compose.yaml ';
  expect(commands.filter((command) => !command.startsWith(complete))).toEqual([]);
});

describe('what deployment.md writes before compose is started', () => {
  /** Percent-encoded, as the document demands; to `printf` as a format it would be something else. */
  const login = 'learnify%40example.org:100%25%20secret%s';
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'learnify-deployment-'));
    const blocks = namedIn(read('docs/deployment.md'), /^```\n([^`]*?)^```$/gm);
    const [block = ''] = blocks.filter((text) => text.includes('> jwt_secret'));
    const script = block.replaceAll('/etc/learnify', directory).replaceAll('USER:PASSWORD', login);
    // Not on every machine that runs the tests.
    const openssl = 'openssl() { echo c2VjcmV0; }\n';
    execFileSync('bash', ['-euo', 'pipefail', '-c', openssl + script], { stdio: 'pipe' });
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test('is every secret that compose.yaml mounts', () => {
    const mounted = namedIn(compose, /\$\{LEARNIFY_SECRETS_DIR[^}]*\}\/(\w+)/g);
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual(mounted.sort());
  });

  test('is the login of the mail server as it was typed', () => {
    const written = readFileSync(join(directory, 'secrets/smtp_url'), 'utf8');
    expect(written).toBe(`smtp://${login}@mail.example.org:587`);
  });

  test('is every setting that compose.yaml demands', () => {
    const demanded = new Set(namedIn(compose, /\$\{(\w+):\?/g));
    const set = namedIn(readFileSync(join(directory, 'compose.env'), 'utf8'), /^(\w+)=./gm);
    expect([...demanded].filter((name) => !set.includes(name))).toEqual([]);
  });
});
