import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { EngineLimits } from '../../limits.ts';
import type { Query } from '../../protocol.ts';
import { AnswerRows, type SqlValue } from './answer-rows.ts';
import type { QueryAnswer, QueryEngine } from './query-engine.ts';
import { SqlFault, syntaxFault } from './sql-fault.ts';
import { placeIn, splitStatements, tokensOf, type Statement, type Script } from './sql-text.ts';
import { Authorizer } from './sqlite-authorizer.ts';

const PAGE_BYTES = 4096;

/** What the process takes beside the database, such as garbage not yet collected. */
const UNRELATED_GROWTH_BYTES = 32 * 1024 * 1024;

/** Longest text or blob. */
const MAX_VALUE_BYTES = 10_000_000;

/** Result codes of SQLite: https://sqlite.org/rescode.html; extended ones carry these in their lowest byte. */
const NOT_AUTHORIZED = 23;
/** Out of memory, full, too big. */
const MEMORY_CODES = new Set([7, 13, 18]);

/** SQLite, with a fresh database in memory for every query. */
export const sqlite: QueryEngine = {
  name: `sqlite ${process.versions['sqlite']}`,
  mayGrowBytes: ({ memoryBytes }) => memoryBytes + UNRELATED_GROWTH_BYTES,
  load: parseStatements,
  // A database is made in a fraction of a millisecond.
  prepare: () => undefined,
  run: runQuery,
};

function parseStatements(source: Script): void {
  using database = openDatabase(1024 * 1024);
  new Authorizer().install(database);
  for (const statement of splitStatements(source.script, 'sqlite')) {
    try {
      database.prepare(statement.text);
    } catch (error) {
      // What the statement is about is not there yet; only its grammar counts.
      if (isSyntaxError(error)) throw parseFault(database, source, statement, messageOf(error));
    }
  }
}

function runQuery(source: Script, { setup, check }: Query, limits: EngineLimits): QueryAnswer {
  using database = openDatabase(limits.memoryBytes);
  const authorizer = new Authorizer();
  authorizer.install(database);
  try {
    database.exec(setup);
  } catch (error) {
    throw new SqlFault('runtime_error', `the setup of this test fails: ${messageOf(error)}`);
  }
  const rows = runScript(database, authorizer, source);
  return { rows: check === null ? rows : runCheck(database, authorizer, check), printed: '', takenBytes: null };
}

function openDatabase(memoryBytes: number): DatabaseSync {
  const database = new DatabaseSync(':memory:', {
    allowExtension: false,
    enableForeignKeyConstraints: true,
    defensive: true,
    limits: {
      length: Math.min(MAX_VALUE_BYTES, memoryBytes),
      compoundSelect: 200,
      vdbeOp: 1_000_000,
      functionArg: 127,
      attach: 0,
      triggerDepth: 100,
    },
  });
  const pages = Math.floor(memoryBytes / PAGE_BYTES);
  database.exec(`PRAGMA temp_store = memory; PRAGMA page_size = ${PAGE_BYTES}; PRAGMA max_page_count = ${pages}`);
  return database;
}

function runScript(database: DatabaseSync, authorizer: Authorizer, source: Script): AnswerRows | null {
  let last: AnswerRows | null = null;
  for (const statement of splitStatements(source.script, 'sqlite')) {
    try {
      last = runStatements(database, statement.text) ?? last;
    } catch (error) {
      if (isSyntaxError(error)) throw parseFault(database, source, statement, messageOf(error));
      throw faultOf(error, authorizer.takeDenied(), placeText(source, statement.start));
    }
  }
  return last;
}

function runCheck(database: DatabaseSync, authorizer: Authorizer, check: string): AnswerRows | null {
  try {
    return runStatements(database, check);
  } catch (error) {
    const { verdict, message } = faultOf(error, authorizer.takeDenied(), '');
    throw new SqlFault(verdict, `after the script, the check of this test fails: ${message}`);
  }
}

/**
 * Runs a statement, or several: SQLite's own parser says where one ends.
 * @returns the rows of the last one that gives any
 */
function runStatements(database: DatabaseSync, text: string): AnswerRows | null {
  let last: AnswerRows | null = null;
  for (let rest = text; hasStatement(rest);) {
    const statement = database.prepare(rest);
    rest = rest.slice(statement.sourceSQL.length);
    const columns = statement.columns().map(({ name }) => name);
    if (columns.length === 0) {
      statement.run();
      continue;
    }
    last = new AnswerRows(columns);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    for (const row of statement.iterate()) last.add(Array.from(row as unknown as ArrayLike<SQLOutputValue>, jsonOf));
  }
  return last;
}

function hasStatement(text: string): boolean {
  for (const { kind } of tokensOf(text, 'sqlite')) if (kind !== 'semicolon') return true;
  return false;
}

function jsonOf(value: SQLOutputValue): SqlValue {
  if (typeof value === 'bigint') return jsonInteger(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  return value;
}

function jsonInteger(value: bigint): SqlValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function faultOf(error: unknown, denied: string | null, place: string): SqlFault {
  if (error instanceof SqlFault) return error;
  if (denied !== null) return new SqlFault('security_violation', `not allowed here: ${denied}${place}`);
  const code = resultCode(error);
  if (code === NOT_AUTHORIZED) {
    return new SqlFault('security_violation', `not allowed here: ${messageOf(error)}${place}`);
  }
  if (code !== null && MEMORY_CODES.has(code)) {
    return new SqlFault('memory_limit', `memory limit exceeded: ${messageOf(error)}${place}`);
  }
  return new SqlFault('runtime_error', `Error: ${messageOf(error)}${place}`);
}

/** The primary result code; null for what is no error of SQLite. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error)) throw error;
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const SYNTAX_ERROR = /^near "(?<near>[^]*)": syntax error$|^unrecognized token: "(?<token>[^]*)"$|^incomplete input$/;

function isSyntaxError(error: unknown): boolean {
  return error instanceof Error && SYNTAX_ERROR.test(error.message);
}

function parseFault(database: DatabaseSync, source: Script, statement: Statement, message: string): SqlFault {
  return syntaxFault(message, source, statement.start + syntaxErrorOffset(database, statement.text, message));
}

/**
 * Where in a statement the parser stopped. SQLite tells only the token, which may be there many times; the first place up to which the
 * statement gives the same error is the one. The parser reads from left to right, so from there on every longer part gives it too.
 */
function syntaxErrorOffset(database: DatabaseSync, text: string, message: string): number {
  const { near, token } = SYNTAX_ERROR.exec(message)?.groups ?? {};
  const culprit = near ?? token;
  if (culprit === undefined) return text.length;
  const places = [...tokensOf(text, 'sqlite')].filter((found) => found.text === culprit);
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (givesError(database, text.slice(0, places[middle]?.end), message)) high = middle;
    else low = middle + 1;
  }
  return places[low]?.start ?? Math.max(0, text.indexOf(culprit));
}

function givesError(database: DatabaseSync, text: string, message: string): boolean {
  try {
    database.prepare(text);
    return false;
  } catch (error) {
    return messageOf(error) === message;
  }
}

function placeText({ entrypoint, script }: Script, offset: number): string {
  return `\n    at ${entrypoint}:${placeIn(script, offset).line}`;
}
