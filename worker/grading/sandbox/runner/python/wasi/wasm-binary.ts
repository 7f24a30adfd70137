/** Numbers of the sections of a WebAssembly binary that are looked at here. */
const SECTION = { custom: 0, import: 2, memory: 5, export: 7, data: 11 } as const;
const KIND = { function: 0, memory: 2, global: 3 } as const;
const PREAMBLE_BYTES = 8;
const I32_CONST = 0x41;
const END = 0x0b;

type Section = { id: number; body: Uint8Array };

/** What `openBinary` makes of a binary. */
export type OpenedBinary = {
  /** The binary, changed; it has no data of its own any more. */
  code: Uint8Array<ArrayBuffer>;
  /** What was its data: to be put into the memory before anything runs. */
  data: { address: number; bytes: Uint8Array }[];
  /** Smallest memory it works with, in pages of 64 KB. */
  minPages: number;
};

/** What to export beside nothing else: functions and globals by their index, under a name. */
export type Exports = { functions: Record<string, number>; globals: Record<string, number> };

/**
 * Changes a module that has a memory of its own so that it imports the memory (`env.memory`) instead and leaves filling it to whoever
 * instantiates it. So every instance can have its own limit, and can begin where another one stood. Debugging information is left out.
 * @throws Error for a binary that is built otherwise.
 */
export function openBinary(binary: Uint8Array, exports: Exports): OpenedBinary {
  const sections = readSections(binary);
  const minPages = ownMemoryPages(bodyOf(sections, SECTION.memory));
  const changed = sections.flatMap(({ id, body }): Section[] => {
    if (id === SECTION.custom || id === SECTION.memory || id === SECTION.data) return [];
    if (id === SECTION.import) return [{ id, body: withImportedMemory(body, minPages) }];
    if (id === SECTION.export) return [{ id, body: exportSection(exports) }];
    return [{ id, body }];
  });
  return {
    code: joined([
      binary.subarray(0, PREAMBLE_BYTES),
      ...changed.flatMap(({ id, body }) => [Uint8Array.of(id), leb128(body.length), body]),
    ]),
    data: readData(bodyOf(sections, SECTION.data)),
    minPages,
  };
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('the WebAssembly binary ends in the middle of something');
    return byte;
  }

  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  expect(byte: number, what: string): void {
    if (this.byte() !== byte) throw new Error(`the WebAssembly binary has no ${what} where one was expected`);
  }
}

function readSections(binary: Uint8Array): Section[] {
  const reader = new Reader(binary);
  reader.take(PREAMBLE_BYTES);
  const sections: Section[] = [];
  while (!reader.done) sections.push({ id: reader.byte(), body: reader.take(reader.unsigned()) });
  return sections;
}

function bodyOf(sections: Section[], id: number): Uint8Array {
  const section = sections.find((candidate) => candidate.id === id);
  if (section === undefined) throw new Error(`the WebAssembly binary has no section ${id}`);
  return section.body;
}

function ownMemoryPages(body: Uint8Array): number {
  const reader = new Reader(body);
  reader.expect(1, 'single memory');
  reader.expect(0, 'memory without a limit');
  return reader.unsigned();
}

/** Imports of memory do not count among the functions, so no index in the code changes. */
function withImportedMemory(body: Uint8Array, minPages: number): Uint8Array {
  const reader = new Reader(body);
  const count = reader.unsigned();
  const memory = [...named('env'), ...named('memory'), KIND.memory, 0, ...leb128(minPages)];
  return joined([leb128(count + 1), body.subarray(reader.at), Uint8Array.from(memory)]);
}

function exportSection({ functions, globals }: Exports): Uint8Array {
  const entries = [
    ...Object.entries(functions).map(([name, index]) => [...named(name), KIND.function, ...leb128(index)]),
    ...Object.entries(globals).map(([name, index]) => [...named(name), KIND.global, ...leb128(index)]),
  ];
  return Uint8Array.from([...leb128(entries.length), ...entries.flat()]);
}

function readData(body: Uint8Array): OpenedBinary['data'] {
  const reader = new Reader(body);
  return Array.from({ length: reader.unsigned() }, () => {
    reader.expect(0, 'data for its own memory');
    reader.expect(I32_CONST, 'data at a fixed address');
    // Signed by the format; an address below 2^31 reads the same as an unsigned number, but for one byte more.
    const address = reader.unsigned();
    reader.expect(END, 'end of an address');
    return { address, bytes: reader.take(reader.unsigned()) };
  });
}

function named(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  return Uint8Array.from([...leb128(bytes.length), ...bytes]);
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
