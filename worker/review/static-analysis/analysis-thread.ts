import { parentPort } from 'node:worker_threads';
import { analyseCode, type AnalysisInput } from './analyse-code.ts';

/** What a thread is asked and what it answers. */
export type ThreadQuestion = { id: number; input: AnalysisInput };
export type ThreadAnswer =
  { id: number; facts: Awaited<ReturnType<typeof analyseCode>> } | { id: number; problem: string };

const port = parentPort;
if (port === null) throw new Error('this file is the code of a worker thread');

port.on('message', ({ id, input }: ThreadQuestion) => {
  analyseCode(input).then(
    (facts) => port.postMessage({ id, facts } satisfies ThreadAnswer),
    (error: unknown) =>
      port.postMessage({
        id,
        problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      } satisfies ThreadAnswer),
  );
});
