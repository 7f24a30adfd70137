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
const SECOND_ARGUMENT = 24;
const THIRD_ARGUMENT = 32;

const CLONE_THREAD = 0x10000;
/** New namespaces for mounts, control groups, names, IPC, users, processes and the network. */
const CLONE_NAMESPACES = 0x7e020000;
const PROT_EXEC = 4;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
/** O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and O_TMPFILE, which are the same on all architectures here. */
const OPEN_FOR_WRITING = 0x1 | 0x2 | 0x40 | 0x200 | 0x400000;
const X32_SYSCALLS = 0x40000000;

type SyscallTable = {
  audit: number;
  clone: number;
  clone3: number;
  kill: number;
  openat: number;
  mmap: number;
  mprotect: number;
  fcntl: number;
  /** To runners. */
  denied: number[];
  /** All that a confined process may call, beside the four above with restrictions. */
  confined: number[];
};

/**
 * Denied: sockets, new processes, signals to others, tracing, links, mounts, namespaces, modules, keys, io_uring, memfd, and the
 * handles that go around them. `execve` cannot be denied: bubblewrap needs it to start the runner.
 *
 * Confined: reading and writing, closing and copying descriptors; memory; stat and readlink, directories; signal handlers, timers and alarms
 * of its own; futex, sched_yield; clocks, sleep, poll and select; getrandom, who am I, resource usage; exit.
 */
const TABLES: Partial<Record<NodeJS.Architecture, SyscallTable>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    kill: 62,
    openat: 257,
    mmap: 9,
    mprotect: 10,
    fcntl: 72,
    denied: [
      41, 42, 43, 49, 50, 53, 57, 58, 62, 86, 88, 101, 135, 155, 161, 165, 166, 175, 246, 248, 249, 250, 265, 266, 272,
      288, 298, 303, 304, 308, 310, 311, 313, 319, 321, 323, 424, 425, 426, 427, 434, 438,
    ],
    confined: [
      0, 1, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 17, 19, 21, 23, 24, 25, 28, 32, 33, 35, 36, 37, 38, 39, 60, 63, 78,
      79, 89, 96, 97, 98, 100, 102, 104, 107, 108, 110, 131, 186, 201, 202, 204, 217, 218, 219, 228, 229, 230, 231, 262,
      267, 269, 270, 271, 273, 292, 318, 324, 332, 334, 436, 439,
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    kill: 129,
    openat: 56,
    mmap: 222,
    mprotect: 226,
    fcntl: 25,
    denied: [
      36, 37, 39, 40, 41, 51, 92, 97, 104, 105, 117, 129, 198, 199, 200, 201, 202, 203, 217, 218, 219, 241, 242, 264,
      265, 268, 270, 271, 273, 279, 280, 282, 424, 425, 426, 427, 434, 438,
    ],
    confined: [
      17, 23, 24, 48, 57, 61, 62, 63, 64, 65, 67, 72, 73, 78, 79, 80, 93, 94, 96, 98, 99, 101, 102, 103, 113, 114, 115,
      123, 124, 128, 132, 134, 135, 139, 153, 160, 163, 165, 169, 172, 173, 174, 175, 176, 177, 178, 214, 215, 216, 233,
      278, 283, 291, 293, 436, 439,
    ],
  },
};

/** The filter of runners for this machine as `bwrap --seccomp` reads it, or null where the table of syscalls is not known. */
export function seccompFilter(architecture: NodeJS.Architecture = process.arch): Buffer | null {
  const table = TABLES[architecture];
  if (table === undefined) return null;
  // Threads yes, processes no.
  return runnerFilter(table, table.denied, [JUMP_IF_ANY_BIT, 1, 0, CLONE_THREAD]);
}

/** The same for a runner that forks: it may also have children, in its own namespaces, and end them. */
export function forkingSeccompFilter(architecture: NodeJS.Architecture = process.arch): Buffer | null {
  const table = TABLES[architecture];
  if (table === undefined) return null;
  const denied = table.denied.filter((number) => number !== table.kill);
  return runnerFilter(table, denied, [JUMP_IF_ANY_BIT, 0, 1, CLONE_NAMESPACES]);
}

/**
 * The filter of a process that runs untrusted machine code, as `prctl` takes it: it can compute, read what is open or can be opened for
 * reading, write to what is open, look at clocks, and end. All else fails with EPERM. Null as above.
 */
export function confinedSeccompFilter(architecture: NodeJS.Architecture = process.arch): Buffer | null {
  const table = TABLES[architecture];
  if (table === undefined) return null;
  return assemble([
    ...prologue(table),
    ...table.confined.flatMap((number): Instruction[] => [
      [JUMP_IF_EQUAL, 0, 1, number],
      [RETURN, 0, 0, ALLOW],
    ]),
    ...allowWithoutBits(table.openat, OPEN_FOR_WRITING),
    ...allowWithoutBits(table.mmap, PROT_EXEC),
    ...allowWithoutBits(table.mprotect, PROT_EXEC),
    ...allowPlainFcntl(table.fcntl),
    [RETURN, 0, 0, EPERM],
  ]);
}

function runnerFilter(table: SyscallTable, denied: number[], cloneIsAllowed: Instruction): Buffer {
  return assemble([
    ...prologue(table),
    ...denied.flatMap((number): Instruction[] => [
      [JUMP_IF_EQUAL, 0, 1, number],
      [RETURN, 0, 0, EPERM],
    ]),
    [JUMP_IF_EQUAL, 0, 3, table.clone],
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT],
    cloneIsAllowed,
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ]);
}

/** Ends with the number of the syscall loaded. */
function prologue(table: SyscallTable): Instruction[] {
  return [
    [LOAD_WORD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 1, 0, table.audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD_WORD, 0, 0, SYSCALL_NUMBER],
    [JUMP_IF_AT_LEAST, 0, 1, X32_SYSCALLS],
    [RETURN, 0, 0, EPERM],
    // glibc falls back to clone, whose flags can be looked at; those of clone3 are behind a pointer.
    [JUMP_IF_EQUAL, 0, 1, table.clone3],
    [RETURN, 0, 0, ENOSYS],
  ];
}

/** Lets a syscall through whose third argument has none of some bits, and refuses it otherwise. */
function allowWithoutBits(syscall: number, bits: number): Instruction[] {
  return [
    [JUMP_IF_EQUAL, 0, 4, syscall],
    [LOAD_WORD, 0, 0, THIRD_ARGUMENT],
    [JUMP_IF_ANY_BIT, 0, 1, bits],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ];
}

/** Copies of a descriptor, and its flags. The rest of `fcntl` could have signals sent to other processes. */
function allowPlainFcntl(syscall: number): Instruction[] {
  return [
    [JUMP_IF_EQUAL, 0, 5, syscall],
    [LOAD_WORD, 0, 0, SECOND_ARGUMENT],
    [JUMP_IF_EQUAL, 1, 0, F_DUPFD_CLOEXEC],
    [JUMP_IF_AT_LEAST, 1, 0, F_SETFL + 1],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, EPERM],
  ];
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
