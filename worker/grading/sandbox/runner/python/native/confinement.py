"""What a child takes away from itself before it may see a program: descriptors, resources, and nearly all system calls."""

import ctypes
import fcntl
import mmap
import os
import resource
import struct

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_INSTRUCTION_BYTES = 8
_STACK_BYTES = 64 * 1024 * 1024
#: Backstop only: the server measures each step and kills long before.
_CPU_SECONDS = 300
_MAX_DESCRIPTORS = 64
#: As many as Linux lets a process have unless it is told otherwise. Closed by one system call where the kernel knows `close_range`.
_ALL_DESCRIPTORS = 1 << 20
_OUT_OF_THE_WAY = 32

#: Behind the three standard streams.
_FIRST_INHERITED = 3
#: Descriptors of a child.
REQUESTS, FINDINGS = 3, 4


class Confinement:
    """Prepared once in the server, so that a child has nothing left to do but the calls themselves."""

    def __init__(self, seccomp_filter):
        self._code = ctypes.create_string_buffer(seccomp_filter, len(seccomp_filter))
        count = len(seccomp_filter) // _INSTRUCTION_BYTES
        # `struct sock_fprog`: a count, padding, a pointer.
        self._program = ctypes.create_string_buffer(struct.pack('@HP', count, ctypes.addressof(self._code)))
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        self._prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4

        # What suits the server too is handed down to its children. After this none of them has a descriptor beyond the limit.
        os.closerange(_FIRST_INHERITED, _ALL_DESCRIPTORS)
        _limit(resource.RLIMIT_FSIZE, 0)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_NOFILE, _MAX_DESCRIPTORS)
        _raise_stack_limit()
        self._call(_PR_SET_NO_NEW_PRIVS, 1, 0)

    def enter(self):
        """Limits the calling process for good. Raises OSError where the kernel does not do it; then no program may run."""
        _limit(resource.RLIMIT_CPU, _CPU_SECONDS)
        self._call(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(self._program))

    def _call(self, option, first, second):
        if self._prctl(option, first, second, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f'prctl({option}) failed')


def _limit(kind, value):
    resource.setrlimit(kind, (value, value))


def _raise_stack_limit():
    """So that Python's own limit of recursion strikes first, also where a program has raised it a good deal."""
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (wanted, wanted))


def address_space_bytes():
    """How much address space this process takes up, found out without /proc: the smallest limit under which it still gets a page."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    page = mmap.PAGESIZE
    low, high = 0, 1 << 47
    try:
        while high - low > page:
            middle = (low + high) // 2
            resource.setrlimit(resource.RLIMIT_AS, (middle, hard))
            try:
                mmap.mmap(-1, page).close()
                high = middle
            except OSError:
                low = middle
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return high


def limit_memory(pid, limit_bytes):
    """Limits the address space of another process of this user."""
    resource.prlimit(pid, resource.RLIMIT_AS, (limit_bytes, limit_bytes))


def keep_only(null, requests, findings):
    """Leaves the calling process /dev/null as 0, 1 and 2 and the two pipes as `REQUESTS` and `FINDINGS`; all else is closed."""
    # Out of the way first, since some of them have one of the low numbers now.
    moved = [fcntl.fcntl(number, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for number in (null, null, null, requests, findings)]
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number, inheritable=False)
    os.closerange(len(moved), _MAX_DESCRIPTORS)
