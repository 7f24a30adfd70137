import type { Exceptions } from './exceptions.ts';
import { installedPackages, type Lockfile } from './manifest.ts';

/** SPDX ids of licences that ask for no more than attribution. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** Packages whose licence is not allowed; of all platforms, also those that are not installed here, so from the lockfile. */
export function licenceProblems(lockfile: Lockfile, exceptions: Exceptions): string[] {
  return installedPackages(lockfile)
    .filter(({ name, locked }) => {
      const licence = locked.license ?? 'none stated';
      return !isAllowed(licence) && !exceptions.covers(name, licence);
    })
    .map(({ place, locked }) => `${place}: its licence is ${locked.license ?? 'not stated'}`);
}

/** Whether an SPDX expression can be kept to: of what is joined by OR one part has to be allowed, of AND all. */
export function isAllowed(expression: string): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let position = 0;
  const next = (expected: string): boolean => {
    if (tokens[position] !== expected) return false;
    position += 1;
    return true;
  };
  const atom = (): boolean => {
    if (next('(')) {
      const inner = either();
      return next(')') && inner;
    }
    const id = tokens[position] ?? '';
    position += 1;
    return ALLOWED.has(id);
  };
  const all = (): boolean => {
    let result = atom();
    while (next('AND')) result = atom() && result;
    return result;
  };
  const either = (): boolean => {
    let result = all();
    while (next('OR')) result = all() || result;
    return result;
  };
  return either() && position === tokens.length;
}
