"""One forked child: a fresh copy of the warm interpreter, which serves one program and is gone."""

import os
import select
import time

from native.confinement import limit_memory
from native.spawning import CONFINED

_READ_BYTES = 1 << 16


class Ended(Exception):
    """The child has closed its pipe, as a process does that ends."""


class Late(Exception):
    """The moment came up to which the child could say something."""


class Child:
    """The server's handle. Everything that comes from it is bytes that anybody could have written."""

    def __init__(self, spawner):
        self._spawner = spawner
        self.pid, self._requests, self._findings = spawner.fork()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._findings, False)
        self._pipes = (self._requests, self._findings)
        self._poll = select.poll()
        self._clock = (~self.pid << 3) | 2
        #: What has come from it and was not dropped.
        self.said = bytearray()
        self._unsent = memoryview(b'')
        #: The newest State of it, and whether that is its last.
        self.state = None
        self._has_ended = False

    def wait_until_confined(self):
        """Raises RuntimeError when the child could not be locked in. Until then it has seen no program."""
        select.select([self._findings], [], [])
        if os.read(self._findings, len(CONFINED)) != CONFINED:
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
            return 0.0 if self.state is None else self.state.cpu_seconds

    def look(self):
        """Takes the kernel's figures of a living child, whose own word for them would be worth nothing."""
        self._note(self._spawner.look())

    def status_at_end(self):
        """How a child ended that has closed its pipe, as `os.wait4` tells it; None for one that lives on all the same."""
        state = self._spawner.await_end()
        if state.status is not None:
            self._note(state)
        return state.status

    def end(self):
        """Kills the child if it lives, and lets go of it; fine to call twice."""
        if not self._has_ended:
            self._note(self._spawner.kill())
        for descriptor in self._pipes:
            os.close(descriptor)
        self._pipes = ()

    def _note(self, state):
        self.state = state
        self._has_ended = state.status is not None

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
