import { isDeepStrictEqual } from 'node:util';
import type { Exceptions } from './exceptions.ts';
import { installedPackages, type Installed, type Manifest, type Project } from './manifest.ts';

const VERSION = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;
const ALIAS = /^npm:((?:@[\w.-]+\/)?[\w.-]+)@/;
const PLACE = /^node_modules\/(@[\w.-]+\/)?[\w.-]+(\/node_modules\/(@[\w.-]+\/)?[\w.-]+)*$/;
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
/** Fields by which npm installs what is pinned nowhere that is looked at here, or something else than what is pinned. */
const UNPINNABLE = ['acceptDependencies', 'bundleDependencies', 'bundledDependencies', 'workspaces'] as const;

/**
 * What is wrong with how packages are pinned: every version is exact, every package has a SHA-512, and none says where it comes from.
 * Without an address the registry is the choice of whoever installs, and what it serves is held to the hash.
 */
export function lockfileProblems({ manifest, lockfile, otherLockfiles }: Project): string[] {
  return [
    ...otherLockfiles.map(
      (name) => `${name}: npm would install by it too; package-lock.json has to be the only lockfile`,
    ),
    ...UNPINNABLE.filter((field) => manifest[field] !== undefined).map(
      (field) => `package.json: ${field} installs what is not pinned`,
    ),
    ...inexactVersions(manifest),
    ...installedPackages(lockfile).flatMap(unpinned),
    ...KINDS.filter((kind) => !isDeepStrictEqual(manifest[kind] ?? {}, lockfile.packages['']?.[kind] ?? {})).map(
      (kind) => `package-lock.json: its ${kind} are not those of package.json`,
    ),
  ];
}

function inexactVersions(manifest: Manifest): string[] {
  return [...KINDS, 'overrides' as const].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, wanted]) => typeof wanted !== 'string' || !VERSION.test(wanted.replace(ALIAS, '')))
      .map(([name, wanted]) => `package.json: ${kind} of ${name} is ${described(wanted)}, not an exact version`),
  );
}

const described = (wanted: unknown): string => (typeof wanted === 'string' ? wanted : JSON.stringify(wanted));

function unpinned({ place, locked }: Installed): string[] {
  return [
    ...(PLACE.test(place) ? [] : [`${place}: is no place of a package of a registry`]),
    ...(locked.link === true ? [`${place}: is a link, not a package of a registry`] : []),
    ...(locked.resolved === undefined ? [] : [`${place}: names an address (${locked.resolved})`]),
    // npm takes an address or a file for a version too.
    ...(VERSION.test(locked.version ?? '') ? [] : [`${place}: has no exact version`]),
    ...(/^sha512-[A-Za-z0-9+/]{86}==$/.test(locked.integrity ?? '') ? [] : [`${place}: has no SHA-512`]),
    ...(locked.hasShrinkwrap === true ? [`${place}: brings a lockfile of its own`] : []),
  ];
}

/**
 * Places where npm installs a package of another name: a line of the lockfile is enough for that, and every hash is right. So an alias
 * stands in package.json, or is decided about. What the lockfile says that other packages ask for proves nothing: it is of the same hand.
 */
export function aliasProblems({ manifest, lockfile }: Project, exceptions: Exceptions): string[] {
  const isDeclared = ({ name, importedAs, place }: Installed): boolean =>
    place === `node_modules/${importedAs}` &&
    KINDS.some((kind) => ALIAS.exec(manifest[kind]?.[importedAs] ?? '')?.[1] === name);
  return installedPackages(lockfile)
    .filter((each) => each.name !== each.importedAs && !isDeclared(each))
    .filter(({ name, importedAs }) => !exceptions.covers(importedAs, name))
    .map(({ name, place }) => `${place}: is really ${name}, an alias that nobody decided about`);
}

/**
 * What is wrong with `allowScripts`: every package that wants to run something when it is installed is decided about, and no other is named.
 * By name, not by version: npm verifies a version only by the address in the lockfile, and ours has none; the hash pins it.
 */
export function installScriptProblems({ manifest, lockfile }: Project): string[] {
  const wanting = installedPackages(lockfile).filter(({ locked }) => locked.hasInstallScript === true);
  const names = new Set(wanting.map(({ name }) => name));
  const decided = Object.keys(manifest.allowScripts ?? {});
  return [
    ...wanting
      .filter(({ name }) => !decided.includes(name))
      .map(({ place }) => `${place}: has an install script that nobody decided about in allowScripts of package.json`),
    ...decided
      .filter((name) => !names.has(name))
      .map((name) => `allowScripts: ${name} is not the name of a package with an install script`),
  ];
}
