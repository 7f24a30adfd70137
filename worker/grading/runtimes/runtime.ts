import type { ExerciseDefinition } from '../../../shared/contracts/exercise.contract.ts';
import type { Program } from '../sandbox/protocol.ts';

/** The parts of an exercise that its learners' code meets. */
export type ProgramSource = Pick<ExerciseDefinition, 'entrypoint' | 'files'>;

/** What the grader has to know about a language. One file a language, listed in `runtimes.ts`. */
export type Runtime = {
  /** How much slower this engine is than a native one, measured; authors' cpu limits are multiplied by it. */
  readonly cpuScale: number;
  /** Puts the learner's code and the exercise's files together into what a runner loads. */
  program(source: ProgramSource, code: string): Program;
};
