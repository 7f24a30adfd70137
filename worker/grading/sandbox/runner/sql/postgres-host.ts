import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MemoryFS, type PGlite } from '@electric-sql/pglite';
import { LockableImports } from './postgres-imports.ts';
import { createEngineMemory } from './postgres-memory.ts';

type EngineOptions = Parameters<MemoryFS['init']>[1];

type Instantiated = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;

/** What PGlite runs on: files in memory, and a memory, imports and exports of the engine that can be got at. */
export class EngineHost extends MemoryFS {
  readonly memory = createEngineMemory();
  readonly imports = new LockableImports(this.memory);
  readonly #engine: WebAssembly.Module;
  #instance: WebAssembly.Instance | null = null;

  private constructor(engine: WebAssembly.Module) {
    super();
    this.#engine = engine;
  }

  static async prepare(): Promise<EngineHost> {
    const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
    return new EngineHost(await WebAssembly.compile(await readFile(join(dirname(entry), 'pglite.wasm'))));
  }

  override async init(database: PGlite, options: EngineOptions): Promise<{ emscriptenOpts: EngineOptions }> {
    const { emscriptenOpts } = await super.init(database, options);
    return {
      emscriptenOpts: {
        ...emscriptenOpts,
        wasmMemory: this.memory,
        instantiateWasm: (imports: WebAssembly.Imports, done: Instantiated) => {
          void this.#instantiate(imports, done);
          return {};
        },
      },
    };
  }

  async #instantiate(imports: WebAssembly.Imports, done: Instantiated): Promise<void> {
    this.#instance = await WebAssembly.instantiate(this.#engine, this.imports.guard(imports));
    done(this.#instance, this.#engine);
  }

  /** What the engine has taken of its memory so far, as words: its variables, its stack, its heap. */
  usedMemory(): Uint32Array {
    const words = new Uint32Array(this.memory.buffer);
    return words.subarray(0, (words[this.breakAddress() / 4] ?? 0) / 4);
  }

  /** Where the engine keeps the end of its heap. */
  breakAddress(): number {
    const exported = this.#instance?.exports['emscripten_get_sbrk_ptr'];
    if (typeof exported !== 'function') throw new TypeError('the engine does not tell the end of its heap');
    const address: unknown = Reflect.apply(exported, null, []);
    if (typeof address !== 'number') throw new TypeError('the end of the heap is no address');
    return address;
  }
}
