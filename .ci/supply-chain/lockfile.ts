import { isDeepStrictEqual } from 'node:util';
import { installedPackages, type Manifest, type Project } from './manifest.ts';

const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/**
 * What is wrong with how packages are pinned: every version is exact, every package has a SHA-512, and none says where it comes from.
 * Without an address the registry is the choice of whoever installs, and what it serves is held to the hash.
 */
export function lockfileProblems({ manifest, lockfile }: Project): string[] {
  return [
    ...inexactVersions(manifest),
    ...installedPackages(lockfile).flatMap(({ place, locked }) => [
      ...(locked.link === true ? [`${place}: is a link, not a package of a registry`] : []),
      ...(locked.resolved === undefined ? [] : [`${place}: names an address (${locked.resolved})`]),
      ...(/^sha512-[A-Za-z0-9+/]{86}==$/.test(locked.integrity ?? '') ? [] : [`${place}: has no SHA-512`]),
    ]),
    ...KINDS.filter((kind) => !isDeepStrictEqual(manifest[kind] ?? {}, lockfile.packages['']?.[kind] ?? {})).map(
      (kind) => `package-lock.json: its ${kind} are not those of package.json`,
    ),
  ];
}

function inexactVersions(manifest: Manifest): string[] {
  return [...KINDS, 'overrides' as const].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !EXACT.test(version))
      .map(([name, version]) => `package.json: ${kind} of ${name} is ${version}, not an exact version`),
  );
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
