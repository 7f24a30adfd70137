"""The spawner forks the children and tells of their ends. It learns nothing else: a child inherits all memory of whoever forks it, and a
program can look through that. So programs and tests are in the hands of another process, the supervisor, which forks nobody and asks the
spawner by commands of one byte. As descriptors cannot be handed over later, there being no sockets in a sandbox, the pipes of children are
made before a supervisor is forked, some at a time; when they are used up, the next supervisor takes over.
"""

import json
import os
import signal
import sys
import time
import traceback
from typing import NamedTuple

import learnify_guest
from learnify_channel import open_channel

from native.confinement import FINDINGS, REQUESTS, keep_only

#: Written by a child that has locked itself in.
CONFINED = b'\x01'
_FORK, _LOOK, _AWAIT_END, _KILL = b'F', b'L', b'E', b'K'
_MESSAGE_BYTES = 4096
#: Four descriptors each, within the limit that children have as well.
_CHILDREN_EACH = 12
#: A process closes its pipes a little before it is gone.
_DYING_SECONDS = 2
#: How a supervisor tells what it answers.
_TRUE, _FALSE = 10, 11
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
    'native.spawning',
    'native.supervision',
)


class State(NamedTuple):
    """What the kernel knows of a child. `status` is as of `os.wait4`, None for one that lives."""

    status: int | None
    cpu_seconds: float
    max_rss_kb: int
    involuntary_switches: int


class Spawner:
    """The supervisor's handle. What asks raises RuntimeError or OSError when the spawner is gone."""

    def __init__(self, commands, answers, pipes):
        self._commands = commands
        self._answers = answers
        self._pipes = pipes

    def has_pipes(self):
        """Whether there can be one more child."""
        return len(self._pipes) > 0

    def fork(self):
        """Answers the pid of a new child, the pipe that leads to it, and the one that comes from it."""
        pid = self._ask(_FORK)
        requests, findings = self._pipes.pop()
        return pid, requests, findings

    def look(self):
        """The State of the newest child, which is made to stand still for that."""
        return State(*self._ask(_LOOK))

    def await_end(self):
        """The State of the newest child, which is about to end; its status is None when it does not."""
        return State(*self._ask(_AWAIT_END))

    def kill(self):
        """Kills the newest child. Answers its State."""
        return State(*self._ask(_KILL))

    def _ask(self, command):
        os.write(self._commands, command)
        message = os.read(self._answers, _MESSAGE_BYTES)
        if not message:
            raise RuntimeError('the spawner is gone')
        return json.loads(message)


def serve_supervisor(supervise, confinement, null):
    """Forks a supervisor, which does `supervise` with a Spawner and ends, and the children that it asks for. Leaves none behind. Answers
    what `supervise` answers, a bool; raises RuntimeError when it failed."""
    to_children = [os.pipe() for _ in range(_CHILDREN_EACH)]
    from_children = [os.pipe() for _ in range(_CHILDREN_EACH)]
    childrens_ends = [(reading, writing) for (reading, _), (_, writing) in zip(to_children, from_children)]
    supervisors_ends = [(writing, reading) for (_, writing), (reading, _) in zip(to_children, from_children)]
    (commands, commanding), (answers, answering) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        _close(commands, answering, *sum(childrens_ends, ()))
        _be_supervisor(supervise, Spawner(commanding, answers, supervisors_ends))
    _close(commanding, answers, *sum(supervisors_ends, ()))
    _obey(commands, answering, lambda: _fork(childrens_ends.pop(), confinement, null))
    _close(commands, answering, *sum(childrens_ends, ()))
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (_TRUE, _FALSE):
        raise RuntimeError(f'a supervisor ended with {code}')
    return code == _TRUE


def _obey(commands, answering, fork):
    child = None
    while command := os.read(commands, 1):
        if command == _FORK:
            child = fork()
            answer = child.pid
        else:
            answer = _ANSWERS[command](child)
        os.write(answering, json.dumps(answer).encode())
    if child is not None and child.state is None:
        _kill(child)


def _close(*descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


def _be_supervisor(supervise, spawner):
    """Never returns."""
    code = 1
    try:
        code = _TRUE if supervise(spawner) else _FALSE
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class _Forked:
    def __init__(self, pid):
        self.pid = pid
        #: Its State at its end, after which nothing may be done with the pid.
        self.state = None

    def wait(self, options):
        """Its State; None when there is nothing to tell."""
        pid, status, usage = os.wait4(self.pid, options)
        if pid == 0:
            return None
        has_ended = not os.WIFSTOPPED(status)
        cpu_seconds = usage.ru_utime + usage.ru_stime
        state = State(status if has_ended else None, cpu_seconds, usage.ru_maxrss, usage.ru_nivcsw)
        if has_ended:
            self.state = state
        return state


def _fork(pipes, confinement, null):
    pid = os.fork()
    if pid == 0:
        _be_child(confinement, null, *pipes)
    _close(*pipes)
    return _Forked(pid)


def _look(child):
    os.kill(child.pid, signal.SIGSTOP)
    state = child.wait(os.WUNTRACED)
    if child.state is None:
        os.kill(child.pid, signal.SIGCONT)
    return state


def _await_end(child):
    until = time.monotonic() + _DYING_SECONDS
    while child.wait(os.WNOHANG) is None:
        left = until - time.monotonic()
        if left <= 0 or signal.sigtimedwait({signal.SIGCHLD}, left) is None:
            return State(None, 0, 0, 0)
    return child.state


def _kill(child):
    os.kill(child.pid, signal.SIGKILL)
    return child.wait(0)


_ANSWERS = {_LOOK: _look, _AWAIT_END: _await_end, _KILL: _kill}


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
        os.write(FINDINGS, CONFINED)
        learnify_guest.serve(open_channel(REQUESTS, FINDINGS))
        code = 0
    finally:
        leave(code)
