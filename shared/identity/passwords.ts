import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import { AppError } from '../errors.ts';

/** OWASP's parameters for argon2id, the library's default algorithm: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const AT_ONCE = 4;
const MAX_WAITING = 200;

export interface Passwords {
  hash: (password: string) => Promise<string>;
  /** With no hash (an unknown account) it takes as long as with one, and answers false. */
  verify: (hash: string | null, password: string) => Promise<boolean>;
}

/** Hashing is dear on purpose: only a few run at once, and a flood is turned away instead of piling up. */
export async function createPasswords(): Promise<Passwords> {
  const limit = pLimit(AT_ONCE);
  const decoy = await hash('no account has this password', PARAMETERS);
  const bounded = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (limit.pendingCount >= MAX_WAITING) {
      throw new AppError('SERVICE_UNAVAILABLE', 'Too many logins at once; try again shortly.', {
        retryAfterSeconds: 2,
      });
    }
    return limit(work);
  };
  return {
    hash: async (password) => bounded(() => hash(password.normalize('NFKC'), PARAMETERS)),
    verify: async (known, password) => {
      const matches = await bounded(() => verify(known ?? decoy, password.normalize('NFKC')));
      return known !== null && matches;
    },
  };
}
