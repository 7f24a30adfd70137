import { describe, expect, test } from '@jest/globals';
import type { Language } from '../../shared/contracts/exercise.contract.ts';
import { rulesIn } from '../support/static-analysis.ts';

/** Rules that the labelled set has no program for, each with code that breaks it and code that is like it and does not. */
const RULES: [rule: string, language: Language, bad: string, good: string][] = [
  [
    'sort-in-loop',
    'javascript',
    'export const f = (a, b) => { for (const x of a) b.sort((l, r) => l - r); };',
    'export const f = (a) => { for (const x of a) x.sort((l, r) => l - r); };',
  ],
  [
    'first-as-start',
    'javascript',
    'export const f = (a) => { let best = a[0]; return best; };',
    'export const f = (a) => { if (a.length === 0) return null; let best = a[0]; return best; };',
  ],
  ['fractions-compared', 'javascript', 'export const f = (a) => a === 0.3;', 'export const f = (a) => a > 0.3;'],
  [
    'map-async',
    'javascript',
    'export const f = async (a) => { const all = a.map(async (x) => x); return all; };',
    'export const f = async (a) => { const all = a.map(async (x) => x); return Promise.all(all); };',
  ],
  [
    'async-test',
    'javascript',
    'export const f = (a) => a.filter(async (x) => x.ok);',
    'export const f = (a) => a.filter((x) => x.ok);',
  ],
  [
    'forgotten-wait',
    'javascript',
    'async function save() {}\nexport async function f() { save(); }',
    'async function save() {}\nexport async function f() { await save(); }',
  ],
  [
    'nested-choice',
    'javascript',
    'export const f = (a, b) => (a ? (b ? 1 : 2) : 3);',
    'export const f = (a, b) => (a ? 1 : b ? 2 : 3);',
  ],
  [
    'copy-in-loop',
    'python',
    'def f(a):\n    r = []\n    for x in a:\n        r = r + [x]\n    return r\n',
    'def f(a):\n    r = []\n    for x in a:\n        r += [x]\n    return r\n',
  ],
  [
    'shift-in-loop',
    'python',
    'def f(a):\n    r = []\n    for x in a:\n        r.insert(0, x)\n    return r\n',
    'def f(a):\n    r = []\n    for x in a:\n        r.append(x)\n    return r\n',
  ],
  ['extreme-of-nothing', 'python', 'def f(a):\n    return max(a)\n', 'def f(a):\n    return max(a, default=0)\n'],
  [
    'extreme-from-zero',
    'python',
    'def f(a):\n    best = 0\n    for x in a:\n        if x > best:\n            best = x\n    return best\n',
    'def f(a):\n    best = None\n    for x in a:\n        if best is None or x > best:\n            best = x\n    return best\n',
  ],
  [
    'search-stuck',
    'python',
    'def f(a, w):\n    low, high = 0, len(a)\n    while low < high:\n        mid = (low + high) // 2\n        if a[mid] < w:\n            low = mid\n        else:\n            high = mid\n    return low\n',
    'def f(a, w):\n    low, high = 0, len(a)\n    while low < high:\n        mid = (low + high) // 2\n        if a[mid] < w:\n            low = mid + 1\n        else:\n            high = mid\n    return low\n',
  ],
  [
    'flag-in-loop',
    'python',
    'def f(a):\n    ok = True\n    for x in a:\n        if x < 0:\n            ok = False\n    return ok\n',
    'def f(a):\n    ok = True\n    for x in a:\n        if x < 0:\n            ok = False\n            break\n    return ok\n',
  ],
  ['undefined-name', 'python', 'def f():\n    return totl\n', 'total = 1\ndef f():\n    return total\n'],
  [
    'closure-in-loop',
    'python',
    'def f(a):\n    r = []\n    for x in a:\n        r.append(lambda: x)\n    return r\n',
    'def f(a):\n    r = []\n    for x in a:\n        r.append(lambda x=x: x)\n    return r\n',
  ],
  [
    'removal-by-index',
    'python',
    'def f(a):\n    for i in range(len(a)):\n        del a[i]\n',
    'def f(a):\n    for i in range(len(a) - 1, -1, -1):\n        del a[i]\n',
  ],
  [
    'long-function',
    'python',
    `def f(x):\n${'    x += 1\n'.repeat(60)}    return x\n`,
    `def f(x):\n${'    x += 1\n'.repeat(20)}    return x\n`,
  ],
  [
    'division-by-aggregate',
    'sql',
    'SELECT SUM(a) / COUNT(b) AS x FROM t;',
    'SELECT SUM(a) / NULLIF(COUNT(b), 0) AS x FROM t;',
  ],
  [
    'cartesian',
    'sql',
    'SELECT a.x FROM a JOIN b WHERE a.x = 1;',
    'SELECT a.x FROM a JOIN b ON b.y = a.y WHERE a.x = 1;',
  ],
  [
    'mixed-conditions',
    'sql',
    'SELECT x FROM t WHERE a = 1 OR b = 2 AND c = 3;',
    'SELECT x FROM t WHERE (a = 1 OR b = 2) AND c BETWEEN 3 AND 4;',
  ],
];

describe('rules of static analysis', () => {
  test.each(RULES)('%s in %s: what breaks it is found, what is like it is not', async (rule, language, bad, good) => {
    expect(await rulesIn(language, bad)).toContain(rule);
    expect(await rulesIn(language, good)).not.toContain(rule);
  });
});
