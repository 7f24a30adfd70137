import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the checks read of `package.json`. */
export interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  /** By package, or in parts of the tree. */
  overrides?: Record<string, unknown>;
  acceptDependencies?: unknown;
  bundleDependencies?: unknown;
  bundledDependencies?: unknown;
  workspaces?: unknown;
  /** Packages whose install scripts run (`true`) or are known and do not (`false`). */
  allowScripts?: Record<string, boolean>;
}

/** One package of `package-lock.json`. */
export interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
  /** It brings a lockfile of its own, by which npm installs what is below it. */
  hasShrinkwrap?: boolean;
  /** Of an alias, the name that it really has. */
  name?: string;
}

/** What the checks read of `package-lock.json`. The package at `''` is this project itself. */
export interface Lockfile {
  lockfileVersion: number;
  packages: Record<string, LockedPackage & Manifest>;
}

export interface Project {
  manifest: Manifest;
  lockfile: Lockfile;
  /** Names of further lockfiles that npm would read. */
  otherLockfiles: readonly string[];
}

/** What npm prefers to `package-lock.json`, and what it completes that from. */
const OTHER_LOCKFILES = ['npm-shrinkwrap.json', 'yarn.lock'];

export function readProject(directory: string): Project {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(directory, name), 'utf8'));
  return {
    manifest: read('package.json') as Manifest,
    lockfile: read('package-lock.json') as Lockfile,
    otherLockfiles: OTHER_LOCKFILES.filter((name) => existsSync(join(directory, name))),
  };
}

/** A package with the place where it is installed: the same name may be there in several versions. */
export interface Installed {
  /** As the registry knows it. */
  name: string;
  /** As `import` finds it: another name than its own is an alias. */
  importedAs: string;
  place: string;
  locked: LockedPackage;
}

/** All packages of the lockfile but the project itself. */
export function installedPackages({ packages }: Lockfile): Installed[] {
  return Object.entries(packages)
    .filter(([place]) => place !== '')
    .map(([place, locked]) => {
      const importedAs = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return { name: locked.name ?? importedAs, importedAs, place, locked };
    });
}
