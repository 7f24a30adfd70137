import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { probeIsolation } from '../../worker/grading/sandbox/isolation.ts';
import { quickjsEngine } from '../../worker/grading/sandbox/engines/quickjs.engine.ts';
import type { IsolationLayer } from '../../worker/grading/sandbox/runner-command.ts';
import { seccompFilter } from '../../worker/grading/sandbox/seccomp.ts';

const { layer: strongest } = await probeIsolation('auto');
const layers: IsolationLayer[] = strongest === 'portable' ? ['portable'] : ['portable', 'bubblewrap', strongest];

/** What code could do that took over a runner: tries it with Node itself, inside the very layers that a runner gets. */
const INTRUDER = `
  const attempt = (work) => { try { return String(work() ?? 'done'); } catch (error) { return error.code ?? error.message; } };
  const fs = process.getBuiltinModule('node:fs');
  const net = process.getBuiltinModule('node:net');
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const found = {
    env: Object.keys(process.env).join(),
    read: attempt(() => fs.readFileSync('/etc/passwd', 'utf8').length),
    list: attempt(() => fs.readdirSync('/').length),
    write: attempt(() => fs.writeFileSync('/tmp/learnify-intruder', 'x')),
    spawn: attempt(() => { const { error } = spawnSync('/bin/true'); if (error) throw error; }),
    generate: attempt(() => new Function('return 1')()),
    kill: attempt(() => process.kill(PARENT, 0)),
  };
  const socket = net.connect(PORT, '127.0.0.1');
  const tell = (connect) => { process.stdout.write(JSON.stringify({ ...found, connect })); process.exit(0); };
  socket.on('connect', () => tell('done')).on('error', (error) => tell(error.code));`;

async function intrude(layer: IsolationLayer): Promise<Record<string, string>> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const script = INTRUDER.replace('PORT', String(port)).replace('PARENT', String(process.pid));
  const { file, args, seccomp } = quickjsEngine.command(layer);
  const entry = args.findIndex((argument) => argument.endsWith('runner.ts'));
  const child = spawn(file, [...args.slice(0, entry), '-e', script], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [filterPipe, output] = [child.stdio[3], child.stdout];
  if (!(filterPipe instanceof Writable) || !(output instanceof Readable)) throw new Error('no pipes');
  filterPipe.on('error', () => undefined).end(seccomp ?? undefined);
  const answer = await text(output);
  server.close();
  return JSON.parse(answer) as Record<string, string>;
}

describe.each(layers)('a runner under %s', (layer) => {
  test('has no environment, files, processes or generated code, even for code that took it over', async () => {
    const found = await intrude(layer);
    expect(found).toMatchObject({ read: 'ERR_ACCESS_DENIED', list: 'ERR_ACCESS_DENIED', write: 'ERR_ACCESS_DENIED' });
    expect(found).toMatchObject({ spawn: 'ERR_ACCESS_DENIED' });
    expect(found['generate']).toMatch(/code generation/i);
    expect(found['env']?.split(',').filter((name) => name !== '' && name !== 'PWD')).toEqual([]);
  });

  // The portable layer has no way to deny these: there the WebAssembly instance is the only wall before the network.
  (layer === 'portable' ? test.skip : test)('has no network and sees no other process', async () => {
    const found = await intrude(layer);
    expect(found['connect']).not.toBe('done');
    expect(['ESRCH', 'EPERM']).toContain(found['kill']);
  });
});

test('the seccomp filter is whole instructions, for the machines that have a table', () => {
  expect(seccompFilter('x64')?.length).toBeGreaterThan(400);
  expect((seccompFilter('arm64')?.length ?? 1) % 8).toBe(0);
  expect(seccompFilter('riscv64')).toBeNull();
});
