import { z } from 'zod';

/** Whether connections to the database are encrypted: said in one place, heard by each of them. */

/** `require` verifies the certificate and the name in it, as libpq's `verify-full` does; `no-verify` takes any. */
export const SslMode = z.enum(['disable', 'require', 'no-verify']);

/** An address of PostgreSQL. Of encryption it says no more than all connections understand. */
export const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
  .refine((value) => !URL.canParse(value) || ![...new URL(value).searchParams.keys()].some(isHalfHeard), {
    error: 'may say nothing about encryption but sslmode; authorities are added by NODE_EXTRA_CA_CERTS',
  })
  .refine((value) => !URL.canParse(value) || SslMode.optional().safeParse(sslModeOf(value)).success, {
    error: 'must have one sslmode at most: disable, require (which verifies the certificate) or no-verify',
  });

/** What one of our two drivers heeds and the other does not, or neither: with `ssl=true` the pool would be in plain text. */
const isHalfHeard = (parameter: string): boolean =>
  parameter !== 'sslmode' && /^(?:ssl|uselibpqcompat)/i.test(parameter);

/** The mode that an address names; undefined when it names none. */
export function sslModeOf(uri: string): string | undefined {
  const modes = new URL(uri).searchParams.getAll('sslmode');
  return modes.length === 0 ? undefined : modes.join();
}

/** The address with a mode, unless it names one itself. */
export function withSslMode(uri: string, mode: string | undefined): string {
  if (mode === undefined || sslModeOf(uri) !== undefined) return uri;
  const complete = new URL(uri);
  complete.searchParams.set('sslmode', mode);
  return complete.href;
}

interface SslValues {
  DATABASE_URL?: string | undefined;
  DATABASE_LISTEN_URL?: string | undefined;
  DB_SSL_MODE?: string | undefined;
}

/** An address must not say something else than `DB_SSL_MODE`: nobody could tell which of the two was meant. */
export function refuseOtherSslMode(values: SslValues, context: z.core.$RefinementCtx<SslValues>): void {
  if (values.DB_SSL_MODE === undefined) return;
  for (const key of ['DATABASE_URL', 'DATABASE_LISTEN_URL'] as const) {
    const uri = values[key];
    // A bad one is still text, and complained about already.
    if (uri === undefined || !URL.canParse(uri)) continue;
    if ((sslModeOf(uri) ?? values.DB_SSL_MODE) === values.DB_SSL_MODE) continue;
    context.addIssue({ code: 'custom', path: [key], message: 'has another sslmode than DB_SSL_MODE; keep one' });
  }
}
