const ERRNO = { success: 0, badDescriptor: 8, invalid: 28, notSupported: 52, notSeekable: 70 } as const;
const CHARACTER_DEVICE = 2;
const STANDARD_DESCRIPTORS = 2;
const CLOCK = { realtime: 0, monotonic: 1 } as const;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const CLOCK_EVENT = 0;
const ABSOLUTE_TIME = 1;
const RESOLUTION_NS = 1000n;

/** What an instance can see of the world. Whatever a method throws ends the instance: it passes through the code that is running. */
export type WasiHost = {
  memory: WebAssembly.Memory;
  args: string[];
  environment: string[];
  /** At most `maxBytes` of what is there to read from descriptor 0; empty at its end. */
  read(maxBytes: number): Uint8Array;
  /** Takes what is written to descriptor 1 or 2. The bytes are only valid during the call. */
  write(descriptor: number, bytes: Uint8Array): void;
  /** Nanoseconds of a clock. */
  now(clock: 'realtime' | 'monotonic' | 'cpu'): bigint;
  askedForResolution(): void;
  sleep(milliseconds: number): void;
  random(bytes: Uint8Array): void;
};

/** Thrown out of an instance that ended by itself. */
export class ProgramExit extends Error {
  override name = 'ProgramExit';
  readonly code: number;

  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

type Import = (...numbers: number[]) => number;

/**
 * The system interface for a module: three descriptors, clocks, random numbers, and an end. There are no files; all other calls fail
 * as on a system without them. Numbers of 64 bits come as BigInt, and none of the calls served here takes one but the clock's precision.
 */
export function wasiImports(module: WebAssembly.Module, host: WasiHost): Record<string, Import> {
  const served = servedCalls(host);
  const names = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function');
  return Object.fromEntries(names.map(({ name }) => [name, served[name] ?? refusal(name)]));
}

function refusal(name: string): Import {
  return () => (name.startsWith('fd_') || name.startsWith('path_') ? ERRNO.badDescriptor : ERRNO.notSupported);
}

function servedCalls(host: WasiHost): Record<string, Import> {
  const { memory } = host;
  const view = () => new DataView(memory.buffer);
  const bytes = (address: number, length: number) => new Uint8Array(memory.buffer, address, length);
  return {
    args_sizes_get: (count, size) => putSizes(view(), host.args, count ?? 0, size ?? 0),
    args_get: (pointers, texts) => putTexts(memory, host.args, pointers ?? 0, texts ?? 0),
    environ_sizes_get: (count, size) => putSizes(view(), host.environment, count ?? 0, size ?? 0),
    environ_get: (pointers, texts) => putTexts(memory, host.environment, pointers ?? 0, texts ?? 0),
    clock_res_get: (_, result = 0) => {
      host.askedForResolution();
      view().setBigUint64(result, RESOLUTION_NS, true);
      return ERRNO.success;
    },
    clock_time_get: (clock, _, result = 0) => {
      view().setBigUint64(result, host.now(clockName(clock)), true);
      return ERRNO.success;
    },
    fd_fdstat_get: (descriptor = 0, result = 0) => {
      if (descriptor > STANDARD_DESCRIPTORS) return ERRNO.badDescriptor;
      bytes(result, 24).fill(0)[0] = CHARACTER_DEVICE;
      view().setBigUint64(result + 8, 0xffff_ffffn, true);
      return ERRNO.success;
    },
    fd_filestat_get: (descriptor = 0, result = 0) => {
      if (descriptor > STANDARD_DESCRIPTORS) return ERRNO.badDescriptor;
      bytes(result, 64).fill(0)[16] = CHARACTER_DEVICE;
      return ERRNO.success;
    },
    fd_seek: () => ERRNO.notSeekable,
    fd_tell: () => ERRNO.notSeekable,
    fd_close: () => ERRNO.success,
    fd_read: (descriptor, vectors = 0, count = 0, result = 0) => {
      if (descriptor !== 0) return ERRNO.badDescriptor;
      // One is all that callers use; to fill less than was asked for is allowed.
      const chunk = count === 0 ? new Uint8Array() : host.read(view().getUint32(vectors + 4, true));
      if (chunk.length > 0) bytes(view().getUint32(vectors, true), chunk.length).set(chunk);
      view().setUint32(result, chunk.length, true);
      return ERRNO.success;
    },
    fd_write: (descriptor = 0, vectors = 0, count = 0, result = 0) => {
      if (descriptor !== 1 && descriptor !== 2) return ERRNO.badDescriptor;
      let written = 0;
      for (let at = vectors; at < vectors + 8 * count; at += 8) {
        const length = view().getUint32(at + 4, true);
        if (length > 0) host.write(descriptor, bytes(view().getUint32(at, true), length));
        written += length;
      }
      view().setUint32(result, written, true);
      return ERRNO.success;
    },
    poll_oneoff: (subscriptions = 0, events = 0, count = 0, result = 0) =>
      sleepUntilFirst(view, host, { subscriptions, events, count, result }),
    random_get: (address = 0, length = 0) => {
      host.random(bytes(address, length));
      return ERRNO.success;
    },
    sched_yield: () => ERRNO.success,
    proc_exit: (code = 0) => {
      throw new ProgramExit(code);
    },
  };
}

function clockName(clock: number | undefined): 'realtime' | 'monotonic' | 'cpu' {
  if (clock === CLOCK.realtime) return 'realtime';
  return clock === CLOCK.monotonic ? 'monotonic' : 'cpu';
}

type Poll = { subscriptions: number; events: number; count: number; result: number };

/** Waiting for a time is all that can be waited for. */
function sleepUntilFirst(view: () => DataView, host: WasiHost, { subscriptions, events, count, result }: Poll): number {
  if (count === 0) return ERRNO.invalid;
  let firstNs: bigint | null = null;
  let userData = 0n;
  for (let at = subscriptions; at < subscriptions + SUBSCRIPTION_BYTES * count; at += SUBSCRIPTION_BYTES) {
    const memory = view();
    if (memory.getUint8(at + 8) !== CLOCK_EVENT) return ERRNO.notSupported;
    const timeoutNs = memory.getBigUint64(at + 24, true);
    const isAbsolute = (memory.getUint16(at + 40, true) & ABSOLUTE_TIME) !== 0;
    const leftNs = isAbsolute ? timeoutNs - host.now(clockName(memory.getUint32(at + 16, true))) : timeoutNs;
    if (firstNs !== null && leftNs >= firstNs) continue;
    firstNs = leftNs;
    userData = memory.getBigUint64(at, true);
  }
  host.sleep(Math.max(0, Number(firstNs) / 1e6));
  new Uint8Array(view().buffer, events, EVENT_BYTES).fill(0);
  view().setBigUint64(events, userData, true);
  view().setUint32(result, 1, true);
  return ERRNO.success;
}

function putSizes(view: DataView, texts: string[], count: number, size: number): number {
  view.setUint32(count, texts.length, true);
  view.setUint32(
    size,
    texts.reduce((sum, text) => sum + encoded(text).length, 0),
    true,
  );
  return ERRNO.success;
}

function putTexts(memory: WebAssembly.Memory, texts: string[], pointers: number, start: number): number {
  const view = new DataView(memory.buffer);
  let at = start;
  texts.forEach((text, index) => {
    const characters = encoded(text);
    view.setUint32(pointers + 4 * index, at, true);
    new Uint8Array(memory.buffer).set(characters, at);
    at += characters.length;
  });
  return ERRNO.success;
}

/** As C wants it, with a zero at its end. */
function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
