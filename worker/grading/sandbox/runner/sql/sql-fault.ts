import type { Fault } from '../../protocol.ts';
import { placeIn, type Script } from './sql-text.ts';

/** Why a script or a query gave no rows, in the words that the learner reads. */
export class SqlFault extends Error {
  override name = 'SqlFault';
  readonly verdict: Fault['verdict'];
  /** The engine is in no state to go on. */
  readonly spent: boolean;

  /** What the server had printed by then. */
  printed = '';

  constructor(verdict: Fault['verdict'], message: string, spent = false) {
    super(message);
    this.verdict = verdict;
    this.spent = spent;
  }
}

/** The script cannot be parsed; the offset is where. */
export function syntaxFault(message: string, { entrypoint, script }: Script, offset: number): SqlFault {
  const { line, column } = placeIn(script, offset);
  return new SqlFault('compile_error', `SyntaxError: ${message}\n    at ${entrypoint}:${line}:${column}`);
}
