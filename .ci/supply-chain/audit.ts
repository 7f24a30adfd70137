import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Exceptions } from './exceptions.ts';

const REFUSED = new Set(['high', 'critical']);
/** All of `npm audit`; a registry that hangs must not hold up everything else. */
const TIMEOUT_MS = 60_000;

interface Advisory {
  /** The vulnerable package. */
  name: string;
  title: string;
  url: string;
  severity: string;
}

export type AuditOutcome = { kind: 'judged'; problems: string[]; notes: string[] } | { kind: 'not-run'; why: string };

/**
 * Asks the registry which of the packages that go into production have known vulnerabilities, by npm itself and from the lockfile alone.
 *
 * @param environment npm's own settings may be in it, such as the registry to ask.
 * @throws when npm cannot be started.
 */
export async function auditProduction(
  directory: string,
  exceptions: Exceptions,
  environment: NodeJS.ProcessEnv,
): Promise<AuditOutcome> {
  const answer = await npmAudit(directory, environment);
  const report = parseReport(answer);
  if (report === null) return { kind: 'not-run', why: reasonOf(answer) };
  const refused = report.filter(
    ({ name, severity, url }) => REFUSED.has(severity) && !exceptions.covers(name, idOf(url)),
  );
  return {
    kind: 'judged',
    problems: [...refused.map(describe), ...exceptions.unused()],
    notes: report.filter((advisory) => !refused.includes(advisory)).map(describe),
  };
}

/** npm's answer on stdout. Its exit code says nothing of use: 1 is "found something" as well as "could not ask". */
async function npmAudit(cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const args = ['audit', '--json', '--omit=dev', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=20000'];
  try {
    const { stdout } = await promisify(execFile)('npm', args, {
      cwd,
      env,
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout, killed } = error as { stdout?: string; killed?: boolean };
    if (killed === true) return JSON.stringify({ message: `no answer within ${TIMEOUT_MS / 1000} s` });
    if (stdout === undefined || stdout === '') throw error;
    return stdout;
  }
}

function parseReport(answer: string): Advisory[] | null {
  const { vulnerabilities } = JSON.parse(answer) as {
    vulnerabilities?: Record<string, { via: (Advisory | string)[] }>;
  };
  if (vulnerabilities === undefined) return null;
  // A string in `via` is the name of another vulnerable package, which is in the list itself.
  const advisories = Object.values(vulnerabilities).flatMap(({ via }) =>
    via.filter((cause) => typeof cause !== 'string'),
  );
  return [...new Map(advisories.map((advisory) => [`${advisory.name} ${advisory.url}`, advisory])).values()];
}

function reasonOf(answer: string): string {
  const { message } = JSON.parse(answer) as { message?: string };
  // The address of a registry is nobody's business in a log.
  return (message ?? 'npm gave no report').replaceAll(/https?:\/\/\S+/g, 'the registry');
}

const idOf = (url: string): string => url.split('/').at(-1) ?? url;
const describe = ({ name, severity, title, url }: Advisory): string => `${name}: ${severity}, ${title} (${idOf(url)})`;
