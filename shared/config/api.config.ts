import { z } from 'zod';
import {
  EVEN_IF_OTHERS_FAILED,
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
  .superRefine(requireDatabase, EVEN_IF_OTHERS_FAILED)
  .superRefine(requireProductionStrength, EVEN_IF_OTHERS_FAILED);
export type ApiConfig = z.output<typeof ApiConfig>;
