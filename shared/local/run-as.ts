import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { LaunchError } from './launch-error.ts';

/** How to start a program as another user: the words before it, and who its process is. */
export interface RunAs {
  readonly prefix: readonly string[];
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface FileOwner {
  uid: number;
  gid: number;
}

const PREFERRED_USERS = ['postgres', 'nobody'];

/**
 * PostgreSQL refuses to run as root. As an ordinary user nothing is needed; as root it gets another user, and where that user may not
 * pass the folders above (a checkout in a private home), the capability to look into them. Which way works is found by trying.
 *
 * @throws LaunchError when no way works.
 */
export function findWayToRunAs(owner: FileOwner | null, trial: (runAs: RunAs) => boolean): RunAs {
  const candidates = owner === null ? [{ prefix: [], uid: undefined, gid: undefined }] : waysFromRoot(owner);
  const working = candidates.find(trial);
  if (working === undefined) {
    throw new LaunchError(
      'The embedded PostgreSQL cannot be run from here as an unprivileged user.\n' +
        'Put the project or LOCAL_DIR where other users can look into the folders, or set DATABASE_URL.',
    );
  }
  return working;
}

function waysFromRoot({ uid, gid }: FileOwner): RunAs[] {
  const withCapability = (capability: string): RunAs => ({
    prefix: [
      'setpriv',
      // Else access(2), by which initdb checks its binaries, would not look at the capability.
      '--securebits=+no_setuid_fixup',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      '--',
    ],
    uid: undefined,
    gid: undefined,
  });
  return [{ prefix: [], uid, gid }, withCapability('dac_read_search'), withCapability('dac_override')];
}

/**
 * Whose PostgreSQL's files shall be when we are root: whoever's they are already, else a user without privileges.
 * Null when we are not root: then they are ours.
 *
 * @throws LaunchError when the system has no such user.
 */
export function databaseOwner(dataDir: string): FileOwner | null {
  if (process.getuid?.() !== 0) return null;
  const { uid, gid } = statSync(dataDir);
  if (uid !== 0) return { uid, gid };
  const user = PREFERRED_USERS.map(lookUp).find((found) => found !== null);
  if (!user)
    throw new LaunchError(
      'PostgreSQL does not run as root, and there is no user named postgres or nobody. Set DATABASE_URL.',
    );
  return user;
}

function lookUp(name: string): FileOwner | null {
  const [uid = Number.NaN, gid = Number.NaN] = ['-u', '-g'].map((flag) =>
    Number.parseInt(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout, 10),
  );
  return Number.isNaN(uid) || Number.isNaN(gid) ? null : { uid, gid };
}
