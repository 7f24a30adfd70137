import type { PGlite } from '@electric-sql/pglite';

const BOOTSTRAP_SUPERUSER = 10;
const INSUFFICIENT_PRIVILEGE = '42501';

/** How far the authenticated user's id may lie from the others, in words. */
const NEAR = 8;

/**
 * Makes a role the one that the session was authenticated as. A standalone server authenticates nobody: its session belongs to the
 * superuser, and could become the superuser again whatever role it was set to. PostgreSQL keeps the ids of the session's, the outer and the
 * current user in a row, all set by `SET SESSION AUTHORIZATION`, and near them that of who was authenticated, which nothing sets. So it
 * is set here.
 * @param variables the memory with the server's variables, as it is when asked
 * @throws Error when it is not found, or when the session still has a way back
 */
export async function confineSession(database: PGlite, variables: () => Uint32Array, role: string): Promise<void> {
  const found = await database.query<{ oid: number }>('SELECT oid::int FROM pg_roles WHERE rolname = $1', [role]);
  const oid = found.rows[0]?.oid;
  if (oid === undefined) throw new Error(`there is no role "${role}"`);
  const before = variables().slice();
  await database.exec(`SET SESSION AUTHORIZATION ${role}`);

  const words = variables();
  const becameRole = (at: number) => words[at] === oid && before[at] === BOOTSTRAP_SUPERUSER;
  const users = placesOf(words, oid).filter((at) => [0, 1, 2].every((offset) => becameRole(at + offset)));
  const authenticated = users.flatMap((at) =>
    placesOf(words.subarray(at - NEAR, at + NEAR), BOOTSTRAP_SUPERUSER).map((offset) => at - NEAR + offset),
  );
  const [place] = authenticated;
  if (place === undefined || authenticated.length > 1) {
    throw new Error(`the user of the session may be at ${authenticated.length} places`);
  }
  words[place] = oid;
  await proveConfined(database);
}

function placesOf(words: Uint32Array, wanted: number): number[] {
  const places: number[] = [];
  for (let at = words.indexOf(wanted); at >= 0; at = words.indexOf(wanted, at + 1)) places.push(at);
  return places;
}

async function proveConfined(database: PGlite): Promise<void> {
  for (const way of ['SET SESSION AUTHORIZATION postgres', 'SET ROLE postgres', "COPY (SELECT 1) TO '/tmp/way-out'"]) {
    const code = await database.exec(way).then(
      () => 'no error',
      (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : String(error)),
    );
    if (code !== INSUFFICIENT_PRIVILEGE) throw new Error(`the session is not confined: "${way}" gave ${String(code)}`);
  }
}
