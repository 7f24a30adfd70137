const PAGE_BYTES = 65_536;

/** PGlite's build asks for no less. It is address space: what is never touched takes no memory. */
const MEMORY_PAGES = 2048;

/** The memory of the engine: it never grows, so what PostgreSQL cannot get from it it reports as out of memory. */
export function createEngineMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
}

/** A part of the memory, and what it held; most parts hold nothing and share one such. */
type Chunk = { live: Buffer; saved: Buffer };

const CHUNK_BYTES = 16_384;
const NOTHING = Buffer.alloc(CHUNK_BYTES);

/**
 * The whole memory of the engine as it was once, to go back to again and again. Everything that PostgreSQL knows is in there, so no session
 * state, lock, cache or catalog change can outlive the return.
 */
export class MemorySnapshot {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  /** Where the engine keeps the end of what it has taken for its heap. */
  readonly #breakAddress: number;
  readonly #chunks: Chunk[] = [];
  readonly #savedBytes: number;
  /** From here on a run takes its memory; what lies between the saved part and this is never touched. */
  #start: number;

  constructor(memory: WebAssembly.Memory, breakAddress: number) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#breakAddress = breakAddress;
    this.#start = this.#savedBytes = pageAbove(this.#break);
    for (let at = 0; at < this.#savedBytes; at += CHUNK_BYTES) {
      const live = Buffer.from(memory.buffer, at, CHUNK_BYTES);
      this.#chunks.push({ live, saved: live.equals(NOTHING) ? NOTHING : Buffer.from(live) });
    }
    this.#break = this.#start;
  }

  /** Bytes that PostgreSQL took since the last return, beyond what it got back. */
  get takenBytes(): number {
    return this.#break - this.#start;
  }

  /** Goes back, and lets PostgreSQL take `allowanceBytes` from now on, as far as there is so much. */
  restore(allowanceBytes: number): void {
    this.#bytes.fill(0, this.#start, this.#break);
    for (const { live, saved } of this.#chunks) if (!live.equals(saved)) live.set(saved);
    // The allocator takes the gap for somebody else's memory and starts behind it.
    this.#start = Math.max(this.#savedBytes, pageAbove(this.#bytes.length - allowanceBytes));
    this.#break = this.#start;
  }

  get #break(): number {
    return this.#words[this.#breakAddress / 4] ?? 0;
  }

  set #break(address: number) {
    this.#words[this.#breakAddress / 4] = address;
  }
}

function pageAbove(address: number): number {
  return Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
}
