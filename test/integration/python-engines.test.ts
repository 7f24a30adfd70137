import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EngineName } from '../../worker/grading/sandbox/engines/engine.ts';
import { probeIsolation } from '../../worker/grading/sandbox/isolation.ts';
import type { EngineLimits } from '../../worker/grading/sandbox/limits.ts';
import type { Outcome, RunRequest } from '../../worker/grading/sandbox/protocol.ts';
import { RunnerProcess } from '../../worker/grading/sandbox/runner-process.ts';

const { layer } = await probeIsolation('auto');
const engineNames: EngineName[] = layer === 'bubblewrap+seccomp' ? ['python-wasi', 'python-native'] : ['python-wasi'];

const SURVIVAL_MS = 20_000;
const INTERFERED = { kind: 'fault', verdict: 'security_violation', spent: true };

/** What a program could try that wants more than to compute; each but the first must fail. */
const ATTEMPTS: Record<string, string> = {
  compute: '6 * 7',
  'create a file': "open('/left-behind', 'w')",
  'create a temporary file': "open('/tmp/left-behind', 'w')",
  'overwrite its own file': "open('m.py', 'w')",
  'write to a system file': "os.open('/usr/lib/os-release', os.O_RDWR)",
  'make a directory': "os.mkdir('/left-behind')",
  'make a link': "os.symlink('/etc', '/left-behind')",
  'remove a file': "os.unlink('/usr/lib/os-release')",
  'see processes': "os.listdir('/proc')",
  'read accounts': "open('/etc/passwd').read()",
  'open a socket': "__import__('socket').socket()",
  'make an anonymous file': "os.memfd_create('x')",
  fork: 'os.fork()',
  execute: "os.execv('/usr/bin/python3', ['python3'])",
  'run a command': "__import__('subprocess').run(['/bin/true'])",
  // Not the one that the harness puts in its place.
  'start a thread':
    "(spec := __import__('importlib.machinery').machinery.ModuleSpec('_thread', None)) and __import__('_imp').create_builtin(spec).start_new_thread(print, ())",
  'signal its parent': 'os.kill(os.getppid(), 9)',
  'signal its group': 'os.killpg(0, 9)',
  'leave its session': 'os.setsid()',
  'have signals sent': "__import__('fcntl').fcntl(3, __import__('fcntl').F_SETOWN, os.getppid())",
  'raise its limits': "__import__('resource').setrlimit(__import__('resource').RLIMIT_AS, (-1, -1))",
  'map machine code': "__import__('mmap').mmap(-1, 4096, prot=7)",
  'reach native functions': "__import__('ctypes')",
};

/** Finds the way to the host through the frames of the harness, as a program can that knows the harness. */
const THIEF = `
import sys
def channel():
    frame = sys._getframe()
    while 'channel' not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals['channel']
`;

function requestFor(content: string, calls: string[], limits: Partial<EngineLimits>): RunRequest {
  return {
    program: { entrypoint: 'm.py', files: [{ path: 'm.py', content }] },
    task: { kind: 'calls', calls: calls.map((name) => ({ function: name, args: '[]' })) },
    limits: { cpuMs: 8000, wallMs: 16_000, memoryBytes: 64 * 1024 * 1024, outputBytes: 1000, ...limits },
    clockMs: null,
  };
}

function requestOfF(content: string, limits: Partial<EngineLimits>): RunRequest {
  return requestFor(content, ['f'], limits);
}

describe.each(engineNames)('the engine %s', (engineName) => {
  let runner: RunnerProcess;

  /** The runner outlives these programs: whatever its outcomes say about them, the next one finds it as it was. */
  beforeAll(async () => {
    runner = await RunnerProcess.start(engineName, layer);
  });
  afterAll(async () => {
    runner.kill();
    await runner.exited;
  });

  /** Loads a program and calls functions of it without arguments; the outcomes up to the first that is spent. */
  async function run(content: string, calls: string[], limits: Partial<EngineLimits> = {}): Promise<Outcome[]> {
    runner.send(requestFor(content, calls, limits));
    const outcomes: Outcome[] = [];
    while (outcomes.length <= calls.length) {
      const outcome = await runner.nextOutcome(SURVIVAL_MS, AbortSignal.timeout(SURVIVAL_MS * 2));
      outcomes.push(outcome);
      if (outcome.spent || outcome.kind === 'fault') break;
    }
    return outcomes;
  }

  async function answer(content: string): Promise<unknown> {
    const last = (await run(content, ['f'])).at(-1);
    if (last?.kind !== 'answer') throw new Error(`no answer but ${JSON.stringify(last)}`);
    return JSON.parse(last.json);
  }

  test('lets a program do nothing to its surroundings, and shows it no secrets', async () => {
    const attempts = Object.entries(ATTEMPTS).map(([name, code]) => `    ${JSON.stringify(name)}: lambda: ${code},`);
    const content = `
import os
ATTEMPTS = {
${attempts.join('\n')}
}
def succeeds(attempt):
    try:
        attempt()
    except BaseException:
        return False
    return True
def f():
    return [[name for name in ATTEMPTS if succeeds(ATTEMPTS[name])], sorted(os.environ)]`;
    const [done, environment] = (await answer(content)) as [string[], string[]];
    expect(done).toEqual(['compute']);
    expect(['LC_CTYPE', 'PWD', 'PYTHONHASHSEED']).toEqual(expect.arrayContaining(environment));
  });

  test('keeps nothing of one program for the next', async () => {
    const content = `
import builtins, json, sys
def f():
    seen = [hasattr(builtins, 'mark'), hasattr(json, 'mark'), 'planted' in sys.modules, sys.getrecursionlimit() == 77]
    builtins.mark = json.mark = True
    sys.modules['planted'] = json
    json.dumps = lambda value: 'null'
    sys.setrecursionlimit(77)
    return seen`;
    const first = await answer(content);
    expect(first).toEqual([false, false, false, false]);
    expect(await answer(content)).toEqual(first);
  });

  test('repeats itself: hashes, order of sets and random numbers', async () => {
    const content = `
import random
def f():
    return [hash('learnify'), list({'a', 'b', 'c', 'd', 'e'}), random.random()]`;
    expect(await answer(content)).toEqual(await answer(content));
  });

  test.each([
    ['os._exit(3)', 'the program ended the interpreter (exit code 3)'],
    ['os._exit(0)', 'the program ended the interpreter (exit code 0)'],
  ])('tells that %s ended the interpreter', async (code, message) => {
    const [, outcome] = await run(`import os\ndef f():\n    ${code}`, ['f', 'f']);
    expect(outcome).toMatchObject({ kind: 'fault', verdict: 'runtime_error', message, spent: true });
  });

  test('tells when a program ended the interpreter while it was loaded', async () => {
    const outcomes = await run('import os\nos._exit(71)', ['f']);
    expect(outcomes).toMatchObject([{ kind: 'fault', verdict: 'runtime_error', spent: true }]);
  });

  test('survives recursion that no limit of Python stops', async () => {
    const content = `
import sys
sys.setrecursionlimit(10 ** 9)
class Endless:
    def __eq__(self, other):
        return self == other
def f():
    return Endless() == Endless()`;
    const [, outcome] = await run(content, ['f']);
    expect(outcome).toMatchObject({ kind: 'fault', verdict: 'runtime_error' });
    expect(await answer('def f():\n    return 1')).toBe(1);
  });

  test('stops a program that takes more memory than it may, and says so', async () => {
    const content = 'def f():\n    kept = []\n    while True:\n        kept.append(bytearray(100_000))';
    const [, outcome] = await run(content, ['f'], { memoryBytes: 32 * 1024 * 1024 });
    expect(outcome).toMatchObject({
      kind: 'fault',
      verdict: 'memory_limit',
      message: 'memory limit of 32 MB exceeded',
    });
    expect(outcome?.memoryKb).toBeLessThan(100 * 1024);
  });

  test('lets a program use the memory that it may', async () => {
    expect(await answer('def f():\n    return len(bytearray(40 * 1024 * 1024))')).toBe(40 * 1024 * 1024);
  });

  test('takes no second finding for a step', async () => {
    const content = `${THIEF}
def f():
    channel().send({'kind': 'answer', 'json': '"forged"', 'stdout': ''})
    return 'honest'`;
    const outcomes = await run(content, ['f', 'f']);
    expect(outcomes).toMatchObject([{ kind: 'loaded' }, { kind: 'answer', json: '"forged"' }, INTERFERED]);
  });

  test.each([
    ['of another step', "{'kind': 'loaded', 'stdout': ''}"],
    ['of another task', "{'kind': 'passed', 'stdout': ''}"],
    ['of a kind that there is not', "{'kind': 'accepted', 'stdout': ''}"],
    ['with an answer that is not JSON', "{'kind': 'answer', 'json': '[1', 'stdout': ''}"],
    ['with a number that is not JSON', "{'kind': 'answer', 'json': 'NaN', 'stdout': ''}"],
    ['with an answer that is no text', "{'kind': 'answer', 'json': 1, 'stdout': ''}"],
    ['with a verdict of the platform', "{'kind': 'fault', 'verdict': 'time_limit', 'message': '', 'stdout': ''}"],
    ['with an endless message', "{'kind': 'fault', 'verdict': 'runtime_error', 'message': 'x' * 20_001, 'stdout': ''}"],
    ['with more output than allowed', "{'kind': 'answer', 'json': '1', 'stdout': 'ä' * 501}"],
    ['without output', "{'kind': 'answer', 'json': '1'}"],
    ['that is no object', '[]'],
  ])('takes a finding %s for what it is', async (_, finding) => {
    const [, outcome] = await run(`${THIEF}\ndef f():\n    channel().send(${finding})`, ['f']);
    expect(outcome).toMatchObject(INTERFERED);
  });

  test('keeps the next input to itself until the last is answered', async () => {
    // Whatever descriptor the requests come on: there is nothing to read, which a pipe answers by having the reader wait.
    const content = 'import os\ndef f():\n    return [os.read(0, 100).decode()]';
    const [, first, second] = await run(content, ['f', 'f']);
    expect([first, second]).toMatchObject([
      { kind: 'answer', json: '[""]' },
      { kind: 'answer', json: '[""]' },
    ]);
  });

  test('is not misled by what a program writes to the standard descriptors', async () => {
    const content = "import os\ndef f():\n    os.write(1, b'a' * 40)\n    os.write(2, b'b' * 40)\n    return 1";
    const [, outcome] = await run(content, ['f']);
    expect(outcome).toMatchObject({ kind: 'answer', json: '1' });
  });
});

/** Descriptors of a child of the native engine. */
const [REQUESTS, FINDINGS] = [3, 4];

(layer === 'bubblewrap+seccomp' ? describe : describe.skip)('the pipes of the native engine', () => {
  let runner: RunnerProcess;

  beforeAll(async () => {
    runner = await RunnerProcess.start('python-native', layer);
  });
  afterAll(async () => {
    runner.kill();
    await runner.exited;
  });

  async function outcomeOfF(code: string, limits: Partial<EngineLimits> = {}): Promise<Outcome> {
    const signal = AbortSignal.timeout(SURVIVAL_MS * 2);
    runner.send(requestOfF(`import os\ndef f():\n    ${code}`, limits));
    await runner.nextOutcome(SURVIVAL_MS, signal);
    return runner.nextOutcome(SURVIVAL_MS, signal);
  }

  test.each([
    ['writes to that of the findings', `os.write(${FINDINGS}, b'{}')`],
    ['floods it', `[os.write(${FINDINGS}, bytes(4096)) for _ in iter(int, 1)]`],
    ['closes it and goes on', `os.close(${FINDINGS})\n    while True: pass`],
  ])('betray a program that %s', async (_, code) => {
    expect(await outcomeOfF(code)).toMatchObject(INTERFERED);
  });

  test('leave a program nothing that closes them and ends', async () => {
    const code = `os.close(${REQUESTS}); os.close(${FINDINGS}); os._exit(5)`;
    const message = 'the program ended the interpreter (exit code 5)';
    expect(await outcomeOfF(code)).toMatchObject({ kind: 'fault', verdict: 'runtime_error', message });
  });

  test('keep the next input back, so that a program that waits for it waits for ever', async () => {
    const outcome = await outcomeOfF(`return os.read(${REQUESTS}, 100)`, { wallMs: 2000 });
    expect(outcome).toMatchObject({ kind: 'fault', verdict: 'time_limit', spent: true });
  });

  test('carry requests larger than they hold', async () => {
    const outcome = await outcomeOfF(`return len(${JSON.stringify('x'.repeat(900_000))})`);
    expect(outcome).toMatchObject({ kind: 'answer', json: '900000' });
  });
});

describe.each(engineNames)('limits of time in the engine %s', (engineName) => {
  async function lastOutcome(code: string, limits: Partial<EngineLimits>): Promise<Outcome> {
    const runner = await RunnerProcess.start(engineName, layer);
    runner.send(requestOfF(`import time\ndef f():\n    ${code}`, limits));
    try {
      const signal = AbortSignal.timeout(SURVIVAL_MS * 2);
      expect(await runner.nextOutcome(SURVIVAL_MS, signal)).toMatchObject({ kind: 'loaded' });
      return await runner.nextOutcome(SURVIVAL_MS, signal);
    } finally {
      runner.kill();
      await runner.exited;
    }
  }

  test.each([
    // Each step has as much, loading the program too, which must not come near it.
    ['computes', 'while True: pass', { cpuMs: 2000 }],
    ['computes in C code', 'sum(range(10 ** 12))', { cpuMs: 2000 }],
    ['sleeps', 'time.sleep(60)', { wallMs: 4000 }],
  ])('end a program that %s for too long', async (_, code, limits) => {
    const outcome = await lastOutcome(code, limits);
    expect(outcome).toMatchObject({
      kind: 'fault',
      verdict: 'time_limit',
      message: 'time limit exceeded',
      spent: true,
    });
  });
});
