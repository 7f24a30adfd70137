import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedPackages, type Lockfile, type Project } from './manifest.ts';

interface Component {
  name?: string;
  version?: string;
  purl?: string;
  hashes?: { alg?: string; content?: string }[];
}

/** What the checks read of a CycloneDX bill of materials. */
export interface Bom {
  bomFormat?: string;
  specVersion?: string;
  serialNumber?: string;
  metadata?: { component?: Component };
  components?: Component[];
}

const NAME = 'learnify';

/**
 * The CycloneDX bill of materials of everything but development packages, by npm from the lockfile. Of scope `optional` in it are the native
 * parts for several platforms, and the Node.js and PostgreSQL that `npm start` runs and the images leave out.
 * `npm sbom --omit=dev` leaves out packages that a development package wants too (zod, pg-types), so npm gets a project without any.
 *
 * @throws when npm does not make one.
 */
export function makeSbom(project: Project): string {
  const parent = mkdtempSync(join(tmpdir(), 'learnify-sbom-'));
  // npm calls the project by the name of its folder.
  const directory = join(parent, NAME);
  try {
    const { manifest, lockfile } = withoutDevelopment(project);
    mkdirSync(directory);
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lockfile));
    return execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'], {
      cwd: directory,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
  } finally {
    rmSync(parent, { recursive: true });
  }
}

function withoutDevelopment({ manifest, lockfile }: Project): Pick<Project, 'manifest' | 'lockfile'> {
  const { devDependencies: _development, ...rest } = manifest;
  const { devDependencies: _lockedDevelopment, ...root } = lockfile.packages[''] ?? {};
  const packages = Object.entries(lockfile.packages).filter(([place, { dev }]) => place !== '' && dev !== true);
  return { manifest: rest, lockfile: { ...lockfile, packages: { '': root, ...Object.fromEntries(packages) } } };
}

/** What is wrong with a bill of materials: its form, and that it names exactly what the lockfile has besides development packages. */
export function sbomProblems(bom: Bom, project: Project): string[] {
  const components = bom.components ?? [];
  const named = new Set(components.map(idOf));
  const expected = new Set(packagesOf(withoutDevelopment(project).lockfile));
  return [
    ...(bom.bomFormat === 'CycloneDX' ? [] : ['bomFormat is not CycloneDX']),
    ...(/^1\.[4-9]$/.test(bom.specVersion ?? '') ? [] : [`specVersion is ${bom.specVersion ?? 'absent'}`]),
    ...(/^urn:uuid:[0-9a-f-]{36}$/.test(bom.serialNumber ?? '') ? [] : ['serialNumber is no urn:uuid']),
    ...(bom.metadata?.component?.name === NAME ? [] : [`metadata does not name ${NAME}`]),
    ...components.filter(({ purl }) => !/^pkg:npm\/[^@]+@\d/.test(purl ?? '')).map((each) => `${idOf(each)}: no purl`),
    ...components.filter(({ hashes }) => hashes?.some(isSha512) !== true).map((each) => `${idOf(each)}: no SHA-512`),
    ...[...expected].filter((id) => !named.has(id)).map((id) => `${id}: is missing`),
    ...[...named]
      .filter((id) => !expected.has(id))
      .map((id) => `${id}: is no package of the lockfile, or one for development`),
  ];
}

const idOf = ({ name, version }: Component): string => `${name ?? ''}@${version ?? ''}`;

const packagesOf = (lockfile: Lockfile): string[] =>
  installedPackages(lockfile).map(({ name, locked }) => `${name}@${locked.version ?? ''}`);

const isSha512 = ({ alg, content }: { alg?: string; content?: string }): boolean =>
  alg === 'SHA-512' && /^[0-9a-f]{128}$/.test(content ?? '');
