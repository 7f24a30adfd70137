import type { ExerciseDefinition } from '../../../shared/contracts/exercise.contract.ts';
import type { EngineName } from '../sandbox/engines/engine.ts';
import type { Program } from '../sandbox/protocol.ts';

/** The parts of an exercise that its learners' code meets. */
export type ProgramSource = Pick<ExerciseDefinition, 'entrypoint' | 'files'>;

/** What the grader has to know about a language on an engine. One file a runtime, listed in `runtimes.ts`. */
export type Runtime = {
  readonly engine: EngineName;
  /** How much slower this engine is than a native one, measured; authors' cpu limits are multiplied by it. */
  readonly cpuScale: number;
  /** Puts the learner's code and the exercise's files together into what a runner loads. */
  program(source: ProgramSource, code: string): Program;
};

/** The learner's code in the place of the entrypoint, the exercise's files beside it. */
export function programOfFiles({ entrypoint, files }: ProgramSource, code: string): Program {
  const helpers = files.filter((file) => file.path !== entrypoint);
  return { entrypoint, files: [{ path: entrypoint, content: code }, ...helpers] };
}
