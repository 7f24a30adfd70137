import { z } from 'zod';
import { readConfigOrExit } from '../../../shared/config/env.ts';
import { authSettings, serverSettings } from '../../../shared/config/sections.ts';
import { withCommandDatabase } from '../../../shared/db/command-database.ts';
import { resealSecrets } from './reseal.service.ts';
import { createSecretSealer, sealingKeys } from './sealed-secret.ts';

/**
 * `npm run mfa:reseal`, in the environment of the api: the last step of a change of MFA_ENCRYPTION_KEY. After it MFA_PREVIOUS_ENCRYPTION_KEY
 * can go. Exit code: 0 done, 1 there are secrets that no key opens, 2 the database could not be used, 78 bad configuration.
 */
const Config = z.object({
  SERVER_ENV: serverSettings.SERVER_ENV,
  JWT_SECRET: authSettings.JWT_SECRET,
  JWT_PREVIOUS_SECRET: authSettings.JWT_PREVIOUS_SECRET,
  MFA_ENCRYPTION_KEY: authSettings.MFA_ENCRYPTION_KEY,
  MFA_PREVIOUS_ENCRYPTION_KEY: authSettings.MFA_PREVIOUS_ENCRYPTION_KEY,
});

async function run(): Promise<number> {
  const keys = sealingKeys(readConfigOrExit(Config));
  if (keys.length === 0) {
    process.stderr.write('MFA_ENCRYPTION_KEY is required.\n');
    return 78;
  }
  const sealer = createSecretSealer(keys);
  try {
    const { resealed, unopened } = await withCommandDatabase((db) => resealSecrets(db, sealer));
    process.stdout.write(`${resealed} secrets sealed anew.\n`);
    for (const userId of unopened) process.stderr.write(`No key opens the second factor of user ${userId}.\n`);
    return unopened.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

process.exitCode = await run();
