import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import { AppError } from '../errors.ts';

const MAX_WAITING = 200;
const PHC = /^\$argon2id\$v=19\$m=(?<memoryKib>\d+),t=(?<passes>\d+),p=(?<lanes>\d+)\$/;

/** Parameters of argon2id, the library's default algorithm. One lane: parallel logins use the other cores. */
export interface HashParameters {
  memoryKib: number;
  passes: number;
}

/** OWASP's: 19 MiB, two passes. */
const DEFAULT_PARAMETERS: HashParameters = { memoryKib: 19_456, passes: 2 };

interface PasswordsOptions {
  parameters?: HashParameters;
  /** How many are hashed at once in this process. */
  atOnce?: number;
  /** Hashes with other parameters that accounts have still. */
  examples?: readonly string[];
}

/** What else belongs to the turn of one password; the next has to wait for it. */
interface Turn {
  /** Asked before anything is hashed; what it throws is thrown instead. */
  admit: () => Promise<unknown>;
  /** Told that the password is right. */
  matched: () => Promise<unknown>;
}

export interface Passwords {
  /** @throws AppError SERVICE_UNAVAILABLE when too many wait. */
  hash: (password: string) => Promise<string>;
  /**
   * With no hash (an unknown account) it takes as long as with one, and answers false.
   *
   * @throws AppError SERVICE_UNAVAILABLE when too many wait.
   */
  verify: (hash: string | null, password: string, turn?: Turn) => Promise<boolean>;
  /** Whether a hash was made with lower parameters than are asked for now. */
  isOutdated: (hash: string) => boolean;
}

/**
 * Hashing is dear on purpose: only a few run at once, and a flood is turned away instead of piling up.
 * While accounts have hashes with other parameters, each password is hashed once with each set of them: so an account that has not logged in
 * since they rose takes as long as one that has, and as one that does not exist.
 */
export async function createPasswords(options: PasswordsOptions = {}): Promise<Passwords> {
  const { parameters = DEFAULT_PARAMETERS, atOnce = 4, examples = [] } = options;
  const limit = pLimit(atOnce);
  const decoys = new Map<string, Promise<string>>();
  const learn = (stored: string): string | null => {
    const found = parametersOf(stored);
    if (found === null) return null;
    const set = describe(found);
    if (!decoys.has(set)) decoys.set(set, makeDecoy(found));
    return set;
  };
  const bounded = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (limit.pendingCount >= MAX_WAITING) {
      throw new AppError('SERVICE_UNAVAILABLE', 'Too many logins at once; try again shortly.', {
        retryAfterSeconds: 2,
      });
    }
    return limit(work);
  };

  decoys.set(describe(parameters), makeDecoy(parameters));
  examples.forEach(learn);
  await Promise.all(decoys.values());
  return {
    hash: async (password) => bounded(() => hash(password.normalize('NFKC'), toOptions(parameters))),
    verify: async (known, password, turn) =>
      bounded(async () => {
        await turn?.admit();
        const own = known === null ? null : learn(known);
        let matches = false;
        for (const [set, decoy] of decoys) {
          const subject = set === own && known !== null ? known : await decoy;
          const isRight = await verify(subject, password.normalize('NFKC'));
          if (subject === known) matches = isRight;
        }
        if (matches) await turn?.matched();
        return matches;
      }),
    isOutdated: (stored) => {
      const found = parametersOf(stored);
      return found !== null && (found.memoryKib < parameters.memoryKib || found.passes < parameters.passes);
    },
  };
}

/** Null for what is no hash of ours, which no password matches. */
function parametersOf(stored: string): (HashParameters & { lanes: number }) | null {
  const groups = PHC.exec(stored)?.groups;
  if (groups === undefined) return null;
  return { memoryKib: Number(groups['memoryKib']), passes: Number(groups['passes']), lanes: Number(groups['lanes']) };
}

const describe = ({ memoryKib, passes, lanes = 1 }: HashParameters & { lanes?: number }): string =>
  `${memoryKib},${passes},${lanes}`;

const toOptions = ({ memoryKib, passes, lanes = 1 }: HashParameters & { lanes?: number }) => ({
  memoryCost: memoryKib,
  timeCost: passes,
  parallelism: lanes,
});

const makeDecoy = (parameters: HashParameters): Promise<string> =>
  hash('no account has this password', toOptions(parameters));
