import { resolve } from 'node:path';
import { z } from 'zod';
import { databaseUrl, refuseOtherSslMode, SslMode } from './database-ssl.ts';
import { port } from './env.ts';
import { EVEN_IF_OTHERS_FAILED } from './sections.ts';

/** What the `npm start` launcher itself reads; everything else in the environment goes on to the api and the worker. */
export const LauncherConfig = z
  .object({
    SERVER_ENV: z.enum(['development', 'test', 'production']).default('development'),
    LOCAL_DIR: z
      .string()
      .default('.local')
      .transform((path) => resolve(path)),
    LOCAL_DB_PORT: port.default(54_330),
    SERVER_HOST: z.string().default('127.0.0.1'),
    SERVER_PORT: port.default(8080),
    WORKER_HOST: z.string().default('127.0.0.1'),
    WORKER_PORT: port.default(8081),
    DATABASE_URL: databaseUrl.optional(),
    DB_SSL_MODE: SslMode.optional(),
    REDIS_URL: z.string().optional(),
    JWT_SECRET: z.string().optional(),
    OPS_TOKEN: z.string().optional(),
    SMTP_URL: z.string().optional(),
    MAIL_DIR: z
      .string()
      .transform((path) => resolve(path))
      .optional(),
  })
  .superRefine(refuseOtherSslMode, EVEN_IF_OTHERS_FAILED);
export type LauncherConfig = z.output<typeof LauncherConfig>;

/** The environment of a child process: ours, with what the launcher adds. What it has read from a secret's file is not read twice. */
export function childEnvironment(additions: Record<string, string>): Record<string, string | undefined> {
  const readAlready = new Set(Object.keys(additions).map((key) => `${key}_FILE`));
  const ours = Object.entries(process.env).filter(([key]) => !readAlready.has(key));
  return { ...Object.fromEntries(ours), ...additions };
}
