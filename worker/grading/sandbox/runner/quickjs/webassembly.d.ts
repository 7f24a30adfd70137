/**
 * The part of the WebAssembly JavaScript API that the runners use. TypeScript declares it only in its DOM library, which a server
 * must not have in scope.
 */
declare namespace WebAssembly {
  class Module {
    private constructor();
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Global {
    private constructor();
    value: unknown;
  }
  class Table {
    private constructor();
  }
  class Memory {
    /** In pages of 64 KB. */
    constructor(size: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  class RuntimeError extends Error {}
  type Imports = Record<string, Record<string, unknown>>;
  function instantiate(module: Module, imports: Imports): Promise<Instance>;
  function compile(bytes: Uint8Array): Promise<Module>;
}

type BufferSource = ArrayBuffer | ArrayBufferView;
