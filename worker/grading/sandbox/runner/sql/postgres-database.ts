import type { EngineLimits } from '../../limits.ts';
import type { Fault, Query } from '../../protocol.ts';
import { AnswerRows } from './answer-rows.ts';
import { EngineTrap, type PostgresServer } from './postgres-server.ts';
import { readValue } from './postgres-values.ts';
import {
  ErrorField,
  parseMessage,
  queryMessage,
  readDataRow,
  readErrorFields,
  readRowDescription,
  type ErrorFields,
  type ServerColumn,
  type ServerMessage,
} from './postgres-wire.ts';
import type { QueryAnswer, QueryEngine } from './query-engine.ts';
import { SqlFault, syntaxFault } from './sql-fault.ts';
import { placeIn, splitStatements, type Script } from './sql-text.ts';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SqlState = { syntaxError: '42601', insufficientPrivilege: '42501' } as const;

/** Out of memory, disk full, temporary files over their limit, values too long. */
const MEMORY_STATES = new Set(['53200', '53100', '53400', '54000']);

/** What PostgreSQL says when it would have to allocate more than it ever does at once. */
const HUGE_ALLOCATION = /^invalid memory alloc request size/;

/** Privileges on the learner's own objects and roles are a matter of the exercise; on PostgreSQL's, and all others, they are not. */
const OWN_PRIVILEGE = /^(?:permission denied for (?!language)|must be owner of )(?!.*\b(?:pg_|lo_))/;

/** Whatever the script changed about its session, the check is asked as the setup was run. */
const RESET_SESSION = 'RESET ROLE; RESET ALL; SET client_min_messages = error';

/** PostgreSQL on one server that goes back to its beginning before every query. */
export class PostgresDatabase implements QueryEngine {
  readonly name = 'postgres 18 (PGlite)';
  readonly #server: PostgresServer;

  constructor(server: PostgresServer) {
    this.#server = server;
  }

  /** Its memory and its files have limits of their own. */
  mayGrowBytes(): undefined {
    return undefined;
  }

  load({ entrypoint, script }: Script): void {
    const error = this.#exchange(parseMessage(script), () => undefined);
    // Without a position it is about there being several statements; other errors are about what is not there yet.
    const position = error?.get(ErrorField.position);
    if (error?.get(ErrorField.code) !== SqlState.syntaxError || position === undefined) return;
    throw syntaxFault(messageOf(error), { entrypoint, script }, offsetOf(script, Number(position)));
  }

  prepare({ memoryBytes }: EngineLimits): void {
    this.#server.restore({ memoryBytes, fileBytes: memoryBytes });
  }

  run(source: Script, { setup, check }: Query, { outputBytes }: EngineLimits): QueryAnswer {
    const failedSetup = this.#exchange(queryMessage(`SET client_min_messages = error; ${setup}`), () => undefined);
    if (failedSetup !== null) {
      throw new SqlFault('runtime_error', `the setup of this test fails: ${messageOf(failedSetup)}`);
    }
    this.#exchange(queryMessage('RESET client_min_messages'), () => undefined);
    const notices = new Notices(outputBytes);
    try {
      const rows = this.#runScript(source, notices);
      const answer = check === null ? rows : this.#runCheck(check, notices);
      return { rows: answer, printed: notices.text, takenBytes: this.#server.takenBytes };
    } catch (error) {
      if (error instanceof SqlFault) error.printed = notices.text;
      throw error;
    }
  }

  /** Statement by statement, each a transaction of its own unless the script opens one. */
  #runScript(source: Script, notices: Notices): AnswerRows | null {
    let last: AnswerRows | null = null;
    for (const { text, start } of splitStatements(source.script, 'postgres')) {
      const reader = new RowReader(notices);
      const error = this.#exchange(queryMessage(text), (message) => reader.read(message));
      if (error !== null) throw faultOf(error, source, start, text);
      last = reader.rows ?? last;
    }
    return last;
  }

  #runCheck(check: string, notices: Notices): AnswerRows | null {
    this.#exchange(queryMessage(RESET_SESSION), () => undefined);
    const reader = new RowReader(notices);
    const error = this.#exchange(queryMessage(check), (message) => reader.read(message));
    if (error === null) return reader.rows;
    throw new SqlFault(verdictOf(error), `after the script, the check of this test fails: ${messageOf(error)}`);
  }

  /** Answers the first error. */
  #exchange(messages: Buffer, onMessage: (message: ServerMessage) => void): ErrorFields | null {
    let failed: ErrorFields | null = null;
    try {
      this.#server.exchange(messages, (message) => {
        if (message.type === 'E') failed ??= readErrorFields(message.body);
        else onMessage(message);
      });
    } catch (error) {
      if (!(error instanceof EngineTrap)) throw error;
      throw new SqlFault('runtime_error', 'the database server broke down: nested too deeply?', true);
    }
    return failed;
  }
}

/** What the server says beside its answers, as `psql` prints it. */
class Notices {
  text = '';
  readonly #maxChars: number;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** @throws SqlFault `output_limit` when it gets too much. */
  add(fields: ErrorFields): void {
    this.text += `${fields.get(ErrorField.severity)}:  ${messageOf(fields)}\n`;
    if (this.text.length <= this.#maxChars) return;
    this.text = this.text.slice(0, this.#maxChars);
    throw new SqlFault('output_limit', 'output limit exceeded');
  }
}

/** Collects the rows of a query; of several results the last one counts. */
class RowReader {
  rows: AnswerRows | null = null;
  readonly #notices: Notices;
  #columns: ServerColumn[] = [];

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  read({ type, body }: ServerMessage): void {
    if (type === 'N') this.#notices.add(readErrorFields(body));
    if (type === 'T') {
      this.#columns = readRowDescription(body);
      this.rows = new AnswerRows(this.#columns.map(({ name }) => name));
    }
    if (type === 'D') {
      this.rows?.add(readDataRow(body).map((text, index) => readValue(text, this.#columns[index]?.typeOid ?? 0)));
    }
  }
}

function faultOf(error: ErrorFields, source: Script, start: number, text: string): SqlFault {
  const position = error.get(ErrorField.position);
  const offset = start + (position === undefined ? 0 : offsetOf(text, Number(position)));
  if (error.get(ErrorField.code) === SqlState.syntaxError) return syntaxFault(messageOf(error), source, offset);
  const verdict = verdictOf(error);
  const [detail, hint, where] = [ErrorField.detail, ErrorField.hint, ErrorField.where].map((field) => error.get(field));
  const lines = [
    verdict === 'security_violation' ? `not allowed here: ${messageOf(error)}` : `ERROR: ${messageOf(error)}`,
    ...(detail === undefined ? [] : [`DETAIL: ${detail}`]),
    ...(hint === undefined ? [] : [`HINT: ${hint}`]),
    ...(where === undefined ? [] : [`CONTEXT: ${where.split('\n', 1)[0]}`]),
    `    at ${source.entrypoint}:${placeIn(source.script, offset).line}`,
  ];
  return new SqlFault(verdict, lines.join('\n'));
}

function verdictOf(error: ErrorFields): Fault['verdict'] {
  const code = error.get(ErrorField.code) ?? '';
  const message = messageOf(error);
  if (MEMORY_STATES.has(code) || HUGE_ALLOCATION.test(message)) return 'memory_limit';
  return code === SqlState.insufficientPrivilege && !OWN_PRIVILEGE.test(message)
    ? 'security_violation'
    : 'runtime_error';
}

function messageOf(fields: ErrorFields): string {
  return fields.get(ErrorField.message) ?? 'unknown error';
}

/** PostgreSQL counts characters from 1; JavaScript counts UTF-16 units. */
function offsetOf(text: string, position: number): number {
  return Array.from(text)
    .slice(0, position - 1)
    .join('').length;
}
