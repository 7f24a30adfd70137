/** Classic BPF, one instruction: `code`, jump if true, jump if false, operand (`struct sock_filter`). */
type Instruction = [code: number, jumpTrue: number, jumpFalse: number, operand: number];

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const EPERM = 0x00050000 | 1;
const ENOSYS = 0x00050000 | 38;

/** Offsets in `struct seccomp_data`. */
const SYSCALL_NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const CLONE_THREAD = 0x10000;
const X32_SYSCALLS = 0x40000000;

type SyscallTable = { audit: number; clone: number; clone3: number; denied: number[] };

/**
 * Denied: sockets, new processes, signals to others, tracing, links, mounts, namespaces, modules, keys, io_uring, memfd, and the
 * handles that go around them. `execve` cannot be denied: bubblewrap needs it to start the runner.
 */
const TABLES: Partial<Record<NodeJS.Architecture, SyscallTable>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    denied: [
      41, 42, 43, 49, 50, 53, 57, 58, 62, 86, 88, 101, 135, 155, 161, 165, 166, 175, 246, 248, 249, 250, 265, 266, 272,
      288, 298, 303, 304, 308, 310, 311, 313, 319, 321, 323, 424, 425, 426, 427, 434, 438,
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    denied: [
      36, 37, 39, 40, 41, 51, 92, 97, 104, 105, 117, 129, 198, 199, 200, 201, 202, 203, 217, 218, 219, 241, 242, 264,
      265, 268, 270, 271, 273, 279, 280, 282, 424, 425, 426, 427, 434, 438,
    ],
  },
};

/** The filter for this machine as `bwrap --seccomp` reads it, or null where the table of syscalls is not known. */
export function seccompFilter(architecture: NodeJS.Architecture = process.arch): Buffer | null {
  const table = TABLES[architecture];
  if (table === undefined) return null;
  return assemble([
    [LOAD_WORD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 1, 0, table.audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD_WORD, 0, 0, SYSCALL_NUMBER],
    [JUMP_IF_AT_LEAST, 0, 1, X32_SYSCALLS],
    [RETURN, 0, 0, EPERM],
    // glibc falls back to clone, whose flags can be looked at; those of clone3 are behind a pointer.
    [JUMP_IF_EQUAL, 0, 1, table.clone3],
    [RETURN, 0, 0, ENOSYS],
    ...table.denied.flatMap((number): Instruction[] => [
      [JUMP_IF_EQUAL, 0, 1, number],
      [RETURN, 0, 0, EPERM],
    ]),
    // Threads yes, processes no.
    [JUMP_IF_EQUAL, 0, 3, table.clone],
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT],
    [JUMP_IF_ANY_BIT, 1, 0, CLONE_THREAD],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ]);
}

function assemble(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, jumpTrue, jumpFalse, operand], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand, index * 8 + 4);
  });
  return bytes;
}
