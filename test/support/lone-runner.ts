import { closeSync } from 'node:fs';
import { once } from 'node:events';
import type { EngineName } from '../../worker/grading/sandbox/engines/engine.ts';
import type { IsolationLayer } from '../../worker/grading/sandbox/runner-command.ts';
import { RunnerProcess } from '../../worker/grading/sandbox/runner-process.ts';

/** A worker in small: `lone-runner.ts ENGINE LAYER DESCRIPTOR` starts a runner, lets go of a descriptor, says so, and waits for its input to end. */
const [engine, layer, descriptor] = process.argv.slice(2) as [EngineName, IsolationLayer, string];
const runner = await RunnerProcess.start(engine, layer);
closeSync(Number(descriptor));
process.stdout.write('started\n');
await once(process.stdin.resume(), 'end');
runner.kill();
await runner.exited;
