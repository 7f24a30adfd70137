import type { EngineLimits } from '../../limits.ts';
import type { Query } from '../../protocol.ts';
import type { AnswerRows } from './answer-rows.ts';
import type { Script } from './sql-text.ts';

/** `rows` is null when no statement gave any; `printed` are the server's notices. */
export type QueryAnswer = { rows: AnswerRows | null; printed: string; takenBytes: number | null };

/** A database engine, as the runner uses it: one script, asked with several databases. */
export type QueryEngine = {
  /** Its name and version. */
  readonly name: string;
  /** How much memory the process may take meanwhile, in bytes, where the engine itself has no limit. */
  mayGrowBytes(limits: EngineLimits): number | undefined;
  /**
   * Looks at the script without running it.
   * @throws SqlFault `compile_error` for the first statement that cannot be parsed
   */
  load(script: Script): void;
  /** Makes a fresh database ready for `run`. Not counted as the learner's time. */
  prepare(limits: EngineLimits): void;
  /**
   * Runs setup and script, and the check if there is one, and answers the rows of the last statement that gives any.
   * @throws SqlFault
   */
  run(script: Script, query: Query, limits: EngineLimits): QueryAnswer;
};
