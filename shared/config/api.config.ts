import { z } from 'zod';
import {
  authSettings,
  databaseSettings,
  httpSettings,
  observabilitySettings,
  queueSettings,
  requireDatabase,
  requireProductionStrength,
  serverSettings,
} from './sections.ts';

/** What the api process reads from the environment. */
export const ApiConfig = z
  .object({
    ...serverSettings,
    ...httpSettings,
    ...authSettings,
    ...databaseSettings,
    ...queueSettings,
    ...observabilitySettings,
  })
  .superRefine(requireDatabase)
  .superRefine(requireProductionStrength);
export type ApiConfig = z.output<typeof ApiConfig>;
