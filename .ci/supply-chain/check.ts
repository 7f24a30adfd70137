import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditProduction } from './audit.ts';
import { Exceptions, expiredExceptions, readExceptions } from './exceptions.ts';
import { licenceProblems } from './licences.ts';
import { aliasProblems, installScriptProblems, lockfileProblems } from './lockfile.ts';
import { readProject } from './manifest.ts';
import { sbomProblems, type Bom } from './sbom.ts';

/** `npm run check:supply`: what comes into this project from elsewhere. See docs/security/supply-chain.md. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const today = new Date().toISOString().slice(0, 10);
const project = readProject(root);
const all = readExceptions(join(import.meta.dirname, 'exceptions.json'));
const licenceExceptions = new Exceptions(all, 'licence', today);
const aliasExceptions = new Exceptions(all, 'alias', today);
let failed = false;

report('exact versions, and a SHA-512 of every package', lockfileProblems(project));
report('aliases, each decided about', [...aliasProblems(project, aliasExceptions), ...aliasExceptions.unused()]);
report('install scripts, each decided about', installScriptProblems(project));
report('licences', [...licenceProblems(project.lockfile, licenceExceptions), ...licenceExceptions.unused()]);
report('exceptions that still hold', expiredExceptions(all, today));
report('bill of materials (sbom.cdx.json)', sbomProblems(readBom(), project));
await audit();
process.exitCode = failed ? 1 : 0;

function report(what: string, problems: readonly string[]): void {
  failed ||= problems.length > 0;
  process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${what}\n`);
  for (const problem of problems) process.stdout.write(`       ${problem}\n`);
}

function readBom(): Bom {
  return JSON.parse(readFileSync(join(root, 'sbom.cdx.json'), 'utf8')) as Bom;
}

async function audit(): Promise<void> {
  const outcome = await auditProduction(root, new Exceptions(all, 'advisory', today), process.env);
  if (outcome.kind === 'judged') {
    for (const note of outcome.notes) process.stdout.write(`note   ${note}\n`);
    report('known vulnerabilities of what goes into production', outcome.problems);
    return;
  }
  process.stdout.write(`!!! NOT RUN: the registry has no audit endpoint or did not answer (${outcome.why})\n`);
  if (process.env['REQUIRE_AUDIT'] === 'true') report('known vulnerabilities (REQUIRE_AUDIT=true)', [outcome.why]);
}
