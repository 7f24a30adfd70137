import { PAGE_BYTES, instantiate, memoryBytesOf, type PythonExports, type PythonImage } from './python-image.ts';
import { WasiClock, seededRandom } from './wasi-world.ts';
import { ProgramExit, type WasiHost } from './wasi-imports.ts';

/** What an instance reads and says, and is asked for when it wants to sleep. */
export type Conversation = {
  /** The next bytes for the guest, at most so many; empty when there is nothing for it now. */
  read(maxBytes: number): Uint8Array;
  /** What the guest wrote at once. The bytes are only valid during the call. Throws `ConversationOver` after the last. */
  wrote(bytes: Uint8Array): void;
  sleep(milliseconds: number): void;
  clockMs: number | null;
};

/** Thrown by a conversation when the guest has said all that it was asked for: the instance gets control no more. */
export class ConversationOver extends Error {
  override name = 'ConversationOver';
}

/** How an instance ended. `returned`: by itself, but before it had said all. `trapped`: the interpreter gave up. */
export type InstanceEnd = 'over' | 'returned' | { exitCode: number } | 'stack_overflow' | 'trapped';

const FINDINGS_DESCRIPTOR = 2;

/** An image whose code is ready to run. */
export type CompiledImage = Omit<PythonImage, 'code'> & { module: WebAssembly.Module };

/** One interpreter for one submission, at the moment before it reads its first request. */
export class PythonInstance {
  readonly #image: CompiledImage;
  readonly #memory: WebAssembly.Memory;
  readonly #maxPages: number;
  #conversation: Conversation | null = null;
  readonly #exports: PythonExports;

  private constructor(image: CompiledImage, memory: WebAssembly.Memory, maxPages: number) {
    this.#image = image;
    this.#memory = memory;
    this.#maxPages = maxPages;
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(image.low);
    bytes.set(image.high, image.stackPointer);
    this.#exports = instantiate(image.module, memory, this.#host());
    this.#exports.stackPointer.value = image.stackPointer;
  }

  /**
   * An instance whose program may use so much memory. That of `former` is written over and used again where it is alike, since new
   * memory costs a page fault for each 4 KB.
   */
  static prepare(image: CompiledImage, memoryBytes: number, former: PythonInstance | null): PythonInstance {
    const initial = memoryBytesOf(image) / PAGE_BYTES;
    const maximum = initial + Math.ceil(memoryBytes / PAGE_BYTES);
    const isAlike =
      former !== null && former.#maxPages === maximum && former.#memory.buffer.byteLength === memoryBytesOf(image);
    const memory = isAlike ? former.#memory : new WebAssembly.Memory({ initial, maximum });
    return new PythonInstance(image, memory, maximum);
  }

  sharesMemoryWith(other: PythonInstance): boolean {
    return this.#memory === other.#memory;
  }

  get memoryKb(): number {
    return this.#memory.buffer.byteLength / 1024;
  }

  /** The program took all the memory that it may have, or nearly so. */
  get isFull(): boolean {
    return this.#memory.buffer.byteLength >= (this.#maxPages - 1) * PAGE_BYTES;
  }

  /** Has the guest serve one program, from its first request on. To be called once. */
  run(conversation: Conversation): InstanceEnd {
    this.#conversation = conversation;
    try {
      this.#exports.callObject(this.#image.begin, this.#image.noArguments, 0);
      return 'returned';
    } catch (error) {
      return endOf(error);
    } finally {
      this.#conversation = null;
    }
  }

  #host(): WasiHost {
    const talk = () => {
      if (this.#conversation === null) throw new Error('the instance runs without having been asked to');
      return this.#conversation;
    };
    return {
      memory: this.#memory,
      args: [],
      environment: [],
      read: (maxBytes) => talk().read(maxBytes),
      write: (descriptor, bytes) => {
        if (descriptor === FINDINGS_DESCRIPTOR) talk().wrote(bytes);
      },
      now: (clock) => new WasiClock(talk().clockMs).now(clock),
      askedForResolution: () => undefined,
      sleep: (milliseconds) => talk().sleep(milliseconds),
      random: seededRandom(),
    };
  }
}

function endOf(error: unknown): InstanceEnd {
  if (error instanceof ConversationOver) return 'over';
  if (error instanceof ProgramExit) return { exitCode: error.code };
  // The engine's own stack, or that of the C code.
  if (error instanceof RangeError && error.message.includes('call stack')) return 'stack_overflow';
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  return error.message.includes('memory access out of bounds') ? 'stack_overflow' : 'trapped';
}
