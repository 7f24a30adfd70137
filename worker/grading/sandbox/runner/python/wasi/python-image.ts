import { wasiImports, type WasiHost } from './wasi-imports.ts';

export const PAGE_BYTES = 65_536;
const HEADER_LENGTH_BYTES = 4;

/**
 * A Python interpreter that has started and imported the harness, as its memory was at that moment. An instance whose memory begins with
 * these bytes is at that moment too: starting one takes no more than copying them.
 */
export type PythonImage = {
  engine: string;
  /** The WebAssembly binary. */
  code: Uint8Array<ArrayBuffer>;
  /** The memory from its beginning, and from `stackPointer` on; what is between is stack that is not in use. */
  low: Uint8Array<ArrayBuffer>;
  high: Uint8Array<ArrayBuffer>;
  stackPointer: number;
  /** Addresses of Python objects: the function that serves a program, and its arguments, of which there are none. */
  begin: number;
  noArguments: number;
};

/** What the code exports. */
export type PythonExports = {
  start: () => void;
  callObject: (callable: number, args: number, kwargs: number) => number;
  stackPointer: { value: number };
};

type Header = Omit<PythonImage, 'code' | 'low' | 'high'> & { codeBytes: number; lowBytes: number };

/** Of the memory that an instance begins with, in bytes. */
export function memoryBytesOf({ stackPointer, high }: Pick<PythonImage, 'stackPointer' | 'high'>): number {
  return stackPointer + high.length;
}

/** As it is kept in a file: the length of a header, the header, the code, both parts of the memory. */
export function imageBytes({ code, low, high, ...rest }: PythonImage): Buffer {
  const sizes = { codeBytes: code.length, lowBytes: low.length };
  const header = Buffer.from(JSON.stringify({ ...rest, ...sizes } satisfies Header));
  const length = Buffer.alloc(HEADER_LENGTH_BYTES);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, code, low, high]);
}

/** Takes apart what `imageBytes` put together, without copying it. */
export function parseImage(bytes: Buffer<ArrayBuffer>): PythonImage {
  const headerEnd = HEADER_LENGTH_BYTES + bytes.readUInt32BE();
  const header = JSON.parse(bytes.toString('utf8', HEADER_LENGTH_BYTES, headerEnd)) as Header;
  const { codeBytes, lowBytes, ...rest } = header;
  const codeEnd = headerEnd + codeBytes;
  const lowEnd = codeEnd + lowBytes;
  return {
    ...rest,
    code: bytes.subarray(headerEnd, codeEnd),
    low: bytes.subarray(codeEnd, lowEnd),
    high: bytes.subarray(lowEnd),
  };
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, host: WasiHost): PythonExports {
  const imports = { wasi_snapshot_preview1: wasiImports(module, host), env: { memory } };
  return new WebAssembly.Instance(module, imports).exports as PythonExports;
}
