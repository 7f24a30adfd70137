/**
 * The part of the WebAssembly JavaScript API that the runner uses. TypeScript declares it only in its DOM library, which a server
 * must not have in scope.
 */
declare namespace WebAssembly {
  class Module {
    private constructor();
  }
  class Instance {
    private constructor();
  }
  class Global {
    private constructor();
  }
  class Table {
    private constructor();
  }
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }
  class RuntimeError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>;
}

type BufferSource = ArrayBuffer | ArrayBufferView;
