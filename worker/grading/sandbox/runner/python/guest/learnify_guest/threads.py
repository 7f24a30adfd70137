"""
Threads without threads, since no engine can start one. A thread that is started waits for its turn, and has it when the code that runs can
do nothing without it: at a `join`, a lock that is held, an event that is not set, an empty queue, a `sleep`, and at the end of the step. It
runs from beginning to end then, in the order of starting, so every run of a program is the same. What two threads can only do in turns (each
waiting for the other more than once) raises RuntimeError instead of waiting for ever; a daemon that has nothing left to wait for ends there.
"""

from .primordials import BUILTINS as __builtins__

import _contextvars
import _thread
import time

DEADLOCK = (
    'this waits for something that no thread will do: threads run one after the other here, each from its beginning to its end, '
    'and none is left that could'
)
#: Threads that wait inside each other; each takes about ten frames of the stack.
MAX_WAITING = 50

real_sleep = time.sleep
monotonic = time.monotonic
real_ident = _thread.get_ident


class Abandoned(BaseException):
    """Ends a daemon that would wait for ever."""


class Turns:
    """Which threads wait for their turn and which run, the innermost last."""

    waiting = []
    running = []
    #: What the code that gave others their turn waits for, the innermost last: whether it is there, and until when.
    awaited = []
    deadlock = None
    idents = 0


def run_waiting():
    """Gives all threads their turn. Answers whether there was one."""
    had_any = bool(Turns.waiting)
    while Turns.waiting:
        run_next()
    return had_any


def run_rest():
    """At the end of a program all threads are waited for but daemons."""
    for turn in [turn for turn in Turns.waiting if turn.is_daemon]:
        turn.drop()
    run_waiting()


def forget_waiting():
    """Drops the threads that had no turn yet, when the step they belong to is over."""
    for turn in [*Turns.waiting]:
        turn.drop()
    Turns.running.clear()
    Turns.awaited.clear()


def run_next():
    """Gives the thread that was started first its turn."""
    Turns.waiting.pop(0).take_turn()


class Turn:
    """One thread's."""

    def __init__(self, work, ident, is_daemon, finish):
        self.ident = ident
        self.is_daemon = is_daemon
        self._work = work
        self._finish = finish

    def drop(self):
        """Ends the thread before it had its turn."""
        Turns.waiting.remove(self)
        self._finish()

    def take_turn(self):
        """Runs the thread to its end. Raises when it waits for ever."""
        if len(Turns.running) >= MAX_WAITING:
            raise deadlock(f'more than {MAX_WAITING} threads wait for each other')
        Turns.running.append(self)
        try:
            # Context variables begin empty in every thread.
            _contextvars.Context().run(self._work)
        except Abandoned:
            if not self.is_daemon:
                raise
        finally:
            Turns.running.remove(self)
            self._finish()


def schedule(work, is_daemon=False, finish=lambda: None):
    """Has something run as a thread. Answers its turn."""
    Turns.idents += 1
    turn = Turn(work, real_ident() + Turns.idents, is_daemon, finish)
    Turns.waiting.append(turn)
    return turn


def get_ident():
    """As `threading.get_ident`."""
    return Turns.running[-1].ident if Turns.running else real_ident()


def start_new_thread(function, args, kwargs={}, /):
    """As `_thread.start_new_thread`."""
    return schedule(lambda: function(*args, **kwargs), True).ident


def sleep(seconds, /):
    """As `time.sleep`; other threads have their turn in that time, unless it is a thread that sleeps."""
    if Turns.running:
        return sleep_in_turn(seconds)
    if seconds < 0 or not Turns.waiting:
        return real_sleep(seconds)
    wait_until(lambda: False, seconds)


def sleep_in_turn(seconds):
    """A daemon that would sleep past what it was given its turn for ends there, since most of them never end by themselves."""
    if Turns.running[-1].is_daemon and Turns.awaited:
        is_ready, until = Turns.awaited[-1]
        if is_ready() or until is not None and monotonic() + seconds >= until:
            raise Abandoned()
    real_sleep(seconds)


def wait_until(is_ready, timeout):
    """Waits in the place of a thread. Answers whether it is ready; raises when it never will be and there is no timeout."""
    until = None if timeout < 0 else monotonic() + timeout
    Turns.awaited.append((is_ready, until))
    try:
        while not is_ready() and Turns.waiting and (until is None or monotonic() < until):
            run_next()
    finally:
        del Turns.awaited[-1:]
    if is_ready():
        return True
    if until is not None:
        real_sleep(max(0, until - monotonic()))
        return False
    if Turns.running and Turns.running[-1].is_daemon:
        raise Abandoned()
    raise deadlock(DEADLOCK)


def deadlock(text):
    """The error of a program that waits for ever; the thread that raises it does not swallow it."""
    Turns.deadlock = RuntimeError(text)
    return Turns.deadlock


class Lock:
    """As `threading.Lock`."""

    def __init__(self):
        self._is_held = False

    def acquire(self, blocking=True, timeout=-1):
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError('timeout value must be a non-negative number')
        if self._is_held and not (blocking and wait_until(self._is_free, timeout)):
            return False
        self._is_held = True
        return True

    __enter__ = acquire

    def release(self):
        if not self._is_held:
            raise RuntimeError('release unlocked lock')
        self._is_held = False

    def __exit__(self, kind, value, trace):
        self.release()

    def locked(self):
        return self._is_held

    def _is_free(self):
        return not self._is_held

    def _at_fork_reinit(self):
        self._is_held = False

    def __repr__(self):
        return f'<{"locked" if self._is_held else "unlocked"} _thread.lock object at {id(self):#x}>'


def use_turns(threading):
    """Changes `threading` so that it needs no system threads."""
    if threading.Lock is Lock:
        return
    threading.Lock = threading._allocate_lock = Lock
    # The re-entrant lock, conditions, events, semaphores and barriers are written in Python on top of these.
    threading._CRLock = None
    threading.RLock = threading._PyRLock
    threading.get_ident = get_ident
    threading._start_new_thread = _thread.start_new_thread = start_new_thread
    time.sleep = sleep
    active = threading._active

    def start(self):
        if not getattr(self, '_initialized', False):
            raise RuntimeError('thread.__init__() not called')
        if self._started.is_set():
            raise RuntimeError('threads can only be started once')
        self._learnify_turn = turn = schedule(lambda: work(self), self.daemon, lambda: finish(self))
        self._ident = self._native_id = turn.ident
        active[turn.ident] = self
        self._started.set()

    def work(self):
        try:
            self.run()
        except SystemExit:
            return
        except Exception as error:
            if error is Turns.deadlock or isinstance(error, MemoryError):
                raise
            self._invoke_excepthook(self)

    def finish(self):
        active.pop(self._ident, None)
        self._is_stopped = True
        self._learnify_turn = None

    def join(self, timeout=None):
        if not getattr(self, '_initialized', False):
            raise RuntimeError('Thread.__init__() not called')
        if not self._started.is_set():
            raise RuntimeError('cannot join thread before it is started')
        if self is threading.current_thread():
            raise RuntimeError('cannot join current thread')
        if self._learnify_turn is not None:
            wait_until(lambda: self._learnify_turn is None, -1 if timeout is None else max(0, timeout))

    def is_alive(self):
        if not self._started.is_set() or self is main:
            return self is main
        # Code that asks a second time waits for the end.
        while self._learnify_asked and self._learnify_turn in Turns.waiting:
            run_next()
        self._learnify_asked = True
        return self._learnify_turn is not None

    main = threading.main_thread()
    for method in (start, join, is_alive):
        setattr(threading.Thread, method.__name__, method)
    threading.Thread._learnify_turn = None
    threading.Thread._learnify_asked = False
    # The one in C tells the threads of the system apart.
    threading.local = __import__('_threading_local').local


def use_plain_queue(queue):
    """The simple queue in C waits for the system's threads."""
    queue.SimpleQueue = queue._PySimpleQueue
