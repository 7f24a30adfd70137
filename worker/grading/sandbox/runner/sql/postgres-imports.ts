/**
 * What the engine may not ask of its host once it serves learners, with the answer it gets instead. Libraries that were loaded later would be
 * forgotten with the memory; timers would fire into another submission; there is nobody to talk to.
 */
const DENIED = new Map<string, number>([
  ['_dlopen_js', 0],
  ['_setitimer_js', 0],
  ['__syscall_socket', -5],
  ['__syscall_connect', -5],
  ['__syscall_bind', -5],
  ['__syscall_listen', -5],
  ['__syscall_accept4', -5],
  ['getaddrinfo', -2],
]);

/**
 * Random bytes that are the same after every return of the server, so that a run can be repeated.
 * After https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (mulberry32, public domain).
 */
class SeededBytes {
  #state = 0;

  restart(): void {
    this.#state = 0x9e3779b9;
  }

  write(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) {
      this.#state = (this.#state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      bytes[index] = mixed >>> 24;
    }
  }
}

/** The engine's imports with a lock that is shut later, since starting needs more than serving. */
export class LockableImports {
  readonly random = new SeededBytes();
  readonly #memory: WebAssembly.Memory;
  #isShut = false;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  shut(): void {
    this.#isShut = true;
  }

  /** The same imports, but those that are denied ask the lock each time they are called. */
  guard(imports: WebAssembly.Imports): WebAssembly.Imports {
    const environment = imports['env'];
    if (environment === undefined) throw new TypeError('the engine imports nothing from "env"');
    // The engine's linker answers for names that are no properties, so this has to ask it by name too.
    const guarded = new Proxy(environment, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name);
        if (name === 'random_get' && typeof found === 'function')
          return this.#random((...args) => Reflect.apply(found, null, args));
        const answer = typeof name === 'string' ? DENIED.get(name) : undefined;
        if (answer === undefined || typeof found !== 'function') return found;
        return (...args: unknown[]): unknown => (this.#isShut ? answer : Reflect.apply(found, null, args));
      },
    });
    return { ...imports, env: guarded };
  }

  #random(system: (address: number, length: number) => unknown) {
    return (address: number, length: number): unknown => {
      if (!this.#isShut) return system(address, length);
      this.random.write(new Uint8Array(this.#memory.buffer, address, length));
      return 0;
    };
  }
}
