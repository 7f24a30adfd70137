import { DatabaseSync, constants } from 'node:sqlite';
import { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
import type { Statement } from './statements.ts';

/** A node of PostgreSQL's syntax tree: one key names its kind. */
export type Tree = { readonly [key: string]: unknown };

export type SyntaxProblem = { place: number; problem: string };

/** PostgreSQL's own parser, ready to be used. */
export async function openPostgresParser(): Promise<void> {
  await loadModule();
}

/** The tree of a statement, or what is wrong with it and where, as an offset into the statement. */
export function parsePostgres(text: string): Tree | SyntaxProblem {
  try {
    const [first] = parseSync(text).stmts ?? [];
    const tree = first?.stmt as Tree | undefined;
    return tree ?? { place: 0, problem: 'there is no statement here' };
  } catch (error) {
    // Running out of room says something about the parser, and nothing about the code.
    if (!hasSqlDetails(error) || /memory exhausted|stack depth/i.test(error.message)) throw error;
    const details = error.sqlDetails;
    return { place: Math.max(0, details?.cursorPosition ?? 0), problem: details?.message ?? error.message };
  }
}

export function isProblem(parsed: Tree | SyntaxProblem): parsed is SyntaxProblem {
  return 'problem' in parsed && 'place' in parsed;
}

const SYNTAX = /syntax error|unrecognized token|incomplete input|unknown join type|near "/i;

/**
 * Whether SQLite understands statements: they are prepared in an empty database and never run. That a table is missing says nothing.
 * Nothing but reading and writing tables is allowed, so that no file is made.
 */
export function sqliteProblem(
  statements: readonly Statement[],
): { statement: Statement; problem: SyntaxProblem } | null {
  const database = new DatabaseSync(':memory:');
  try {
    database.setAuthorizer((action) => (FORBIDDEN.has(action) ? constants.SQLITE_DENY : constants.SQLITE_OK));
    for (const statement of statements) {
      const problem = prepared(database, statement.text);
      if (problem !== null) return { statement, problem };
    }
    return null;
  } finally {
    database.close();
  }
}

const FORBIDDEN = new Set<number>([
  constants.SQLITE_ATTACH,
  constants.SQLITE_DETACH,
  constants.SQLITE_PRAGMA,
  constants.SQLITE_CREATE_VTABLE,
]);

function prepared(database: DatabaseSync, text: string): SyntaxProblem | null {
  try {
    database.prepare(text);
    return null;
  } catch (error) {
    const { message } = error as Error;
    if (!SYNTAX.test(message)) return null;
    const word = /near "([^]+?)"|unrecognized token: "([^]+?)"/.exec(message);
    const near = word?.[1] ?? word?.[2];
    const place = near === undefined ? text.length : text.lastIndexOf(near);
    return { place: Math.max(0, place), problem: message };
  }
}
