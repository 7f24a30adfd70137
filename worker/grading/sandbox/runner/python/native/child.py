"""One forked child: a fresh copy of the warm interpreter, which serves one program and is gone."""

import os
import select
import signal
import sys
import time

import learnify_guest
from learnify_channel import open_channel

from native.confinement import FINDINGS, REQUESTS, keep_only, limit_memory

_READ_BYTES = 1 << 16
_CONFINED = b'\x01'
#: A process closes its pipes a little before it is gone.
_DYING_SECONDS = 2
#: Nobody but the server has a use for these; a program that asks for them is told that they are not there. Listed, since to look through
#: all modules would write to the memory of each of their names, and so copy it.
_WITHHELD = (
    'ctypes',
    '_ctypes',
    'learnify_channel',
    'native',
    'native.child',
    'native.confinement',
    'native.findings',
    'native.supervision',
)


class Ended(Exception):
    """The child has closed its pipe, as a process does that ends."""


class Late(Exception):
    """The moment came up to which the child could say something."""


class Child:
    """The server's handle. Everything that comes from it is bytes that anybody could have written."""

    def __init__(self, confinement, null):
        to_child, self._requests = os.pipe()
        self._findings, from_child = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _be_child(confinement, null, to_child, from_child)
        os.close(to_child)
        os.close(from_child)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._findings, False)
        self._pipes = (self._requests, self._findings)
        self._poll = select.poll()
        self._clock = (~self.pid << 3) | 2
        #: What has come from it and was not dropped.
        self.said = bytearray()
        self._unsent = memoryview(b'')
        self._status = None
        self.usage = None

    def wait_until_confined(self):
        """Raises RuntimeError when the child could not be locked in. Until then it has seen no program."""
        select.select([self._findings], [], [])
        if os.read(self._findings, len(_CONFINED)) != _CONFINED:
            raise RuntimeError('a child could not be confined')

    def limit_memory(self, limit_bytes):
        limit_memory(self.pid, limit_bytes)

    def send(self, data):
        """Has these bytes written to the child while it is listened to."""
        self._unsent = memoryview(bytes(self._unsent) + data)

    def peek(self, start, end):
        """Bytes of what it has said, as far as they are there."""
        return bytes(self.said[start:end])

    def drop(self, count):
        """Forgets so many bytes of what it has said."""
        del self.said[:count]

    def listen(self, until):
        """Waits for something to happen, at most until a moment of the monotonic clock. Raises Ended or Late."""
        left = until - time.monotonic()
        if left <= 0:
            raise Late
        self._poll.register(self._findings, select.POLLIN)
        if self._unsent:
            self._poll.register(self._requests, select.POLLOUT)
        for descriptor, _ in self._poll.poll(left * 1000):
            if descriptor == self._findings:
                self._read()
            else:
                # Also when the child has closed it. Whether that one has something to say all the same shows at the other pipe.
                self._write()

    def cpu_seconds(self):
        """Cpu time used so far; as at its end when it is dead."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return 0.0 if self.usage is None else self.usage.ru_utime + self.usage.ru_stime

    def look(self):
        """Takes the kernel's figures of a living child, whose own word for them would be worth nothing; it has to stand still for that."""
        self._signal(signal.SIGSTOP)
        self._wait(os.WUNTRACED)
        if self._status is None:
            self._signal(signal.SIGCONT)

    def status_at_end(self):
        """How a child ended that has closed its pipe, as `os.wait4` tells it; None for one that lives on all the same."""
        until = time.monotonic() + _DYING_SECONDS
        while self._status is None:
            self._wait(os.WNOHANG)
            left = until - time.monotonic()
            if self._status is None and (left <= 0 or signal.sigtimedwait({signal.SIGCHLD}, left) is None):
                return None
        return self._status

    def end(self):
        """Kills the child if it lives, and lets go of it; fine to call twice."""
        if self._status is None:
            self._signal(signal.SIGKILL)
            self._wait(0)
        for descriptor in self._pipes:
            os.close(descriptor)
        self._pipes = ()

    def _signal(self, number):
        os.kill(self.pid, number)

    def _wait(self, options):
        pid, status, usage = os.wait4(self.pid, options)
        if pid == 0:
            return
        self.usage = usage
        if not os.WIFSTOPPED(status):
            self._status = status

    def _read(self):
        chunk = os.read(self._findings, _READ_BYTES)
        if not chunk:
            raise Ended
        self.said += chunk

    def _write(self):
        try:
            self._unsent = self._unsent[os.write(self._requests, self._unsent) :]
        except BrokenPipeError:
            self._unsent = memoryview(b'')
        if not self._unsent:
            self._poll.unregister(self._requests)


def _be_child(confinement, null, requests, findings):
    """Never returns. The function that ends the process is taken before a program could replace it."""
    leave, code = os._exit, 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        keep_only(null, requests, findings)
        confinement.enter()
        sys.stdin = sys.__stdin__ = sys.stdout = sys.__stdout__ = sys.stderr = sys.__stderr__ = None
        for name in _WITHHELD:
            sys.modules[name] = None
        os.write(FINDINGS, _CONFINED)
        learnify_guest.serve(open_channel(REQUESTS, FINDINGS))
        code = 0
    finally:
        leave(code)
