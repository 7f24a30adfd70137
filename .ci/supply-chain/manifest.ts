import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the checks read of `package.json`. */
export interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  overrides?: Record<string, string>;
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
}

export function readProject(directory: string): Project {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(directory, name), 'utf8'));
  return { manifest: read('package.json') as Manifest, lockfile: read('package-lock.json') as Lockfile };
}

/** A package with the place where it is installed: the same name may be there in several versions. */
export interface Installed {
  name: string;
  place: string;
  locked: LockedPackage;
}

/** All packages of the lockfile but the project itself. */
export function installedPackages({ packages }: Lockfile): Installed[] {
  return Object.entries(packages)
    .filter(([place]) => place !== '')
    .map(([place, locked]) => ({
      name: locked.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
      place,
      locked,
    }));
}
