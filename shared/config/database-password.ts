import { readFileSync } from 'node:fs';

/** The password of the database as it is now; asked for at each new connection. */
export type PasswordSource = () => string;

interface DatabaseFiles {
  DATABASE_URL_FILE?: string | undefined;
  DB_PASSWORD_FILE?: string | undefined;
  DATABASE_LISTEN_URL_FILE?: string | undefined;
  DATABASE_URL?: string | undefined;
  DATABASE_LISTEN_URL?: string | undefined;
  DB_PASSWORD?: string | undefined;
}

/**
 * Where the password of the database comes from when it is mounted as a file: a rotated one is used from the next connection on, without
 * a restart. Undefined when the password stands in the environment, which a running process never sees changed.
 */
export function databasePassword(values: DatabaseFiles): PasswordSource | undefined {
  if (values.DATABASE_URL !== undefined) {
    return values.DATABASE_URL_FILE === undefined
      ? undefined
      : followFile(values.DATABASE_URL_FILE, passwordOf, passwordOf(values.DATABASE_URL) ?? '');
  }
  return values.DB_PASSWORD_FILE === undefined
    ? undefined
    : followFile(values.DB_PASSWORD_FILE, (text) => text, values.DB_PASSWORD ?? '');
}

/** The same for the connection that listens for notifications, which may have an address of its own. */
export function listenPassword(values: DatabaseFiles): PasswordSource | undefined {
  if (values.DATABASE_LISTEN_URL === undefined) return databasePassword(values);
  return values.DATABASE_LISTEN_URL_FILE === undefined
    ? undefined
    : followFile(values.DATABASE_LISTEN_URL_FILE, passwordOf, passwordOf(values.DATABASE_LISTEN_URL) ?? '');
}

/** The URI with the password of this moment. */
export function currentUri(uri: string, password: PasswordSource | undefined): string {
  if (password === undefined) return uri;
  const current = new URL(uri);
  current.password = encodeURIComponent(password());
  return current.href;
}

/**
 * While the file is being replaced it may be absent, empty or half-written. What was last in it then stays in force: if it is wrong by
 * now, the database says so, and the next connection looks again.
 */
function followFile(file: string, extract: (text: string) => string | null, initial: string): PasswordSource {
  let last = initial;
  return () => {
    const text = readIfThere(file);
    if (text !== '') last = extract(text) ?? last;
    return last;
  };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Null when there is none: half an address often is one, too, but without a password. */
function passwordOf(uri: string): string | null {
  return (URL.canParse(uri) && decodeURIComponent(new URL(uri).password)) || null;
}
