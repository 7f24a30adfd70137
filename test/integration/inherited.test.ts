import { spawn, type ChildProcess, type IOType } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ENGINE_NAMES, type EngineName } from '../../worker/grading/sandbox/engines/engine.ts';
import { ImageFile } from '../../worker/grading/sandbox/engines/image-file.ts';
import { findInterpreter } from '../../worker/grading/sandbox/engines/python-interpreter.ts';
import { pythonNativeEngine } from '../../worker/grading/sandbox/engines/python-native.engine.ts';
import { probeIsolation, probePython } from '../../worker/grading/sandbox/isolation.ts';
import type { RunRequest } from '../../worker/grading/sandbox/protocol.ts';
import type { IsolationLayer } from '../../worker/grading/sandbox/runner-command.ts';
import { FrameReader, encodeFrame } from '../../worker/grading/sandbox/runner/framing.ts';

const isolation = await probeIsolation('auto');
const hasNativePython = (await probePython('auto', isolation)).engine === 'python-native';
const engines = ENGINE_NAMES.filter((engine) => engine !== 'python-native' || hasNativePython);
const layers: [EngineName, IsolationLayer][] = [
  ['quickjs', 'portable'],
  ...engines.map((engine): [EngineName, IsolationLayer] => [engine, isolation.layer]),
];

/** One that a process of ours could be started with, and that Node does not mark to be closed. */
const DESCRIPTOR = 251;
const LONE_RUNNER = fileURLToPath(new URL('../support/lone-runner.ts', import.meta.url));

let folder: string;
let child: ChildProcess | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'learnify-inherited-'));
});
afterEach(async () => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a program that has `use` as its descriptor `DESCRIPTOR`. */
function spawnWith(use: IOType | number, file: string, args: string[], stdio: IOType[]): ChildProcess {
  const between = Array.from({ length: DESCRIPTOR - stdio.length }, (): IOType => 'ignore');
  child = spawn(file, args, { env: {}, stdio: [...stdio, ...between, use] });
  return child;
}

const readableOf = ({ stdout }: ChildProcess): Readable => {
  if (stdout === null) throw new Error('no pipe');
  return stdout;
};

/** Whether anybody holds the other end of it. */
const isHeld = (pipe: Duplex): Promise<boolean> =>
  new Promise((resolve) => {
    pipe.on('error', () => undefined).write('x', (error) => resolve(error === null || error === undefined));
  });

describe('what a worker was started with', () => {
  test.each(layers)('is not in a runner of %s, %s', async (engine, layer) => {
    const args = [LONE_RUNNER, engine, layer, String(DESCRIPTOR)];
    const worker = spawnWith('pipe', process.execPath, args, ['pipe', 'pipe', 'inherit']);
    const inherited: unknown = Array.from<unknown>(worker.stdio)[DESCRIPTOR];
    if (!(inherited instanceof Duplex)) throw new Error('no pipe');
    expect(await isHeld(inherited)).toBe(true);
    expect(String((await once(readableOf(worker), 'data'))[0])).toBe('started\n');
    expect(await isHeld(inherited)).toBe(false);
    const exited = once(worker, 'exit');
    worker.stdin?.end();
    expect(await exited).toEqual([0, null]);
  });
});

const OPEN_DESCRIPTORS = `
import os
def f():
    found = []
    for number in range(1024):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return found
`;

// Two walls: should a runner be given a descriptor all the same, its programs do not have it.
(hasNativePython ? test : test.skip)(
  'a program in native Python has its standard streams and its two pipes',
  async () => {
    const { file, args, seccomp } = pythonNativeEngine.command(isolation.layer);
    const leak = openSync(join(folder, 'leak'), 'w');
    const runner = spawnWith(leak, file, args, ['pipe', 'pipe', 'inherit', 'pipe']);
    closeSync(leak);
    const filter = runner.stdio[3];
    if (!(filter instanceof Duplex)) throw new Error('no pipe');
    filter.on('error', () => undefined).end(seccomp);
    const request: RunRequest = {
      program: { entrypoint: 'f.py', files: [{ path: 'f.py', content: OPEN_DESCRIPTORS }] },
      task: { kind: 'calls', calls: [{ function: 'f', args: '[]' }] },
      limits: { cpuMs: 10_000, wallMs: 30_000, memoryBytes: 128 * 1024 * 1024, outputBytes: 16_000 },
      clockMs: null,
    };
    runner.stdin?.write(encodeFrame(request));
    const replies = await takeReplies(readableOf(runner), 3);
    expect(replies.at(-1)).toMatchObject({ outcome: { kind: 'answer', json: '[0,1,2,3,4]' } });
  },
);

async function takeReplies(output: Readable, count: number): Promise<unknown[]> {
  const reader = new FrameReader(1024 * 1024);
  const replies: unknown[] = [];
  for await (const chunk of output) {
    replies.push(...reader.push(chunk as Buffer));
    if (replies.length >= count) break;
  }
  return replies;
}

describe('a program that the worker starts gets no secret of it', () => {
  beforeAll(() => {
    process.env['DATABASE_URL'] = 'postgres://learnify:secret@db/learnify';
  });
  afterAll(() => {
    delete process.env['DATABASE_URL'];
  });

  test('the builder of an image', async () => {
    const builder = join(folder, 'builder.mjs');
    writeFileSync(
      builder,
      `import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[2], Object.keys(process.env).join());`,
    );
    const image = new ImageFile({ package: 'pino', builder, ingredients: () => [builder] });
    await image.build();
    const names = readFileSync(image.path(), 'utf8');
    rmSync(image.path());
    expect(names).toBe('');
  });

  test('a Python that is asked what it is: only what a version manager needs to find it', () => {
    const manager = join(folder, 'python3');
    const environment = join(folder, 'environment');
    const { executable } = findInterpreter();
    writeFileSync(manager, `#!/bin/sh\nenv > '${environment}'\nexec '${executable}' "$@"\n`, { mode: 0o755 });
    expect(findInterpreter([manager])).toMatchObject({ executable });
    const names = readFileSync(environment, 'utf8').matchAll(/^(\w+)=/gm);
    // The others are the shell's own.
    expect(['HOME', 'PATH', 'PWD', 'OLDPWD', 'SHLVL', '_']).toEqual(
      expect.arrayContaining([...names].map(([, name]) => name)),
    );
  });
});
