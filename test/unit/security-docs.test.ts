import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'docs/security';
const read = (name: string): string => readFileSync(join(ROOT, FOLDER, name), 'utf8');

/** Files of this repository as the documents name them, in backticks. */
const PATH = /`((?:\.ci|api|bench|deploy|docs|migrations|shared|test|worker)\/[\w./-]+\.\w+)`/g;
const namedIn = (text: string): string[] => [...text.matchAll(PATH)].map(([, path = '']) => path);
const PROOF = /^(?:test|bench|deploy)\//;

/** The rows of all tables below their heads, cell by cell. */
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter(
      (line, index, lines) =>
        line.startsWith('|') && !/^\|[-|]+\|$/.test(line) && !/^\|[-|]+\|$/.test(lines[index + 1] ?? ''),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
const proofsOf = (row: readonly string[]): string[] => namedIn(row.at(-1) ?? '').filter((path) => PROOF.test(path));

/** Of the attacks that have to fail, what their rows are known by. */
const MUST_FAIL = [
  'alg: none',
  'key confusion',
  'expired, not yet valid, foreign-audience',
  'stolen refresh token',
  'parallel refreshes',
  'session fixation',
  'accounts by answer or status',
  'accounts by timing',
  'password spraying',
  'lockout as denial of service',
  'mass assignment',
  'IDOR',
  'SQL injection',
  'prototype pollution',
  'header injection, log injection (CR/LF, ANSI)',
  'oversized and deeply nested JSON',
  'slow headers and bodies',
  'regular-expression blow-up',
  'CORS with null, evil',
  'CSRF',
  'open redirect',
  'path traversal',
  'host header poisoning',
  'spoofing `X-Forwarded-For`',
  'replaying a TOTP',
  'guessing a TOTP',
  'recovery code twice',
  'timing of token comparison',
  'Bull Board without a role',
  'job payloads changed through Bull Board',
];

describe('what is claimed', () => {
  test('to fail is every attack that has to, by tests that stand in the files named', () => {
    const rows = rowsOf(read('attacks.md'));
    expect(MUST_FAIL.filter((attack) => !rows.some(([what = '']) => what.includes(attack)))).toEqual([]);
    for (const row of rows) {
      const files = proofsOf(row).map((path) => readFileSync(join(ROOT, path), 'utf8'));
      const named = [...(row.at(-1) ?? '').matchAll(/“([^”]+)”/g)].map(([, name = '']) => name);
      expect([row[0], named.filter((name) => !files.some((file) => file.includes(name)))]).toEqual([row[0], []]);
    }
  });

  test.each(['attacks.md', 'owasp-top-10.md'])('in %s is proved row by row', (name) => {
    const rows = rowsOf(read(name));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => proofsOf(row).length === 0).map(([first]) => first)).toEqual([]);
  });

  test('as met by asvs.md is proved, and what is not met is said at the top', () => {
    const text = read('asvs.md');
    const rows = rowsOf(text);
    const marked = (...marks: string[]) => rows.filter(([, mark = '']) => marks.includes(mark));
    expect(marked('+', '~', '−', '0')).toHaveLength(rows.length);
    expect(marked('+', '~').filter((row) => proofsOf(row).length === 0)).toEqual([]);
    const [, summary = ''] = /\*\*Not met\*\*(.*)/.exec(text) ?? [];
    const told = [...summary.matchAll(/\((\d+\.\d+\.\d+)\)/g)].map(([, line]) => line);
    expect(marked('−').map(([line = '']) => line.split(' ')[0])).toEqual(told);
  });

  test('of a threat in threat-model.md is proved, or marked as open', () => {
    const threats = rowsOf(read('threat-model.md')).filter((row) => row.length === 4);
    expect(threats.length).toBeGreaterThan(40);
    const unproved = threats.filter((row) => proofsOf(row).length === 0);
    expect(unproved.map((row) => row[3])).toEqual(unproved.map(() => '–'));
  });
});
