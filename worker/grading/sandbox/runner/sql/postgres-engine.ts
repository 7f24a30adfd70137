import type { FileSystem } from './postgres-files.ts';

/** The parts of PGlite's module that are used here; see `postgresMod` of the package. */
export type EngineModule = {
  FS: FileSystem;
  HEAPU8: Uint8Array;
  addFunction(callback: (address: number, length: number) => number, signature: string): number;
  stackSave(): number;
  stackRestore(stack: number): void;
  _pgl_set_rw_cbs(this: void, read: number, write: number): void;
  _pgl_pq_flush(this: void): void;
  _pq_buffer_remaining_data(this: void): number;
  _PostgresMainLoopOnce(this: void): void;
  _PostgresMainLongJmp(this: void): void;
  _PostgresSendReadyForQueryIfNecessary(this: void): void;
};

/** What the session is driven by, under names that say what it does. */
export type EntryPoints = ReturnType<typeof entryPointsOf>;

export function entryPointsOf({
  _pgl_set_rw_cbs: setCallbacks,
  _pgl_pq_flush: flush,
  _pq_buffer_remaining_data: bytesBuffered,
  _PostgresMainLoopOnce: handleMessage,
  _PostgresMainLongJmp: recover,
  _PostgresSendReadyForQueryIfNecessary: sendReady,
}: EngineModule) {
  return { setCallbacks, flush, bytesBuffered, handleMessage, recover, sendReady };
}
