"""Answers of `async` functions, and an event loop that needs nothing from the system."""

from .primordials import BUILTINS as __builtins__

import time

from .fault import Fault
from .threads import run_waiting

NEVER = 'the async function waits for something that never comes'

sleep = time.sleep


class State:
    """`asyncio.run`, once the program or its suite has imported asyncio."""

    run = None


def finish(value):
    """The value itself, what a coroutine returns, or the list of what an asynchronous generator yields. Raises what they raise."""
    if type(value) is COROUTINE:
        return run(value)
    if type(value) is ASYNC_GENERATOR:
        return run(_collect(value))
    return value


def run(coroutine):
    """Runs a coroutine to its end: in an event loop when asyncio is there, by itself otherwise."""
    if State.run is not None:
        return State.run(coroutine)
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise Fault('runtime_error', NEVER)


def use_plain_loop(asyncio):
    """Gives asyncio a loop that only has timers: the usual one opens sockets, which no program may."""
    if State.run is not None:
        return

    class Timers:
        """What the loop takes for its selector."""

        def select(self, timeout):
            if run_waiting():
                return ()
            if timeout is None:
                raise Fault('runtime_error', NEVER)
            if timeout > 0:
                sleep(timeout)
            return ()

    class PlainLoop(asyncio.BaseEventLoop):
        """An event loop without descriptors."""

        def __init__(self):
            super().__init__()
            self._selector = Timers()

        def _process_events(self, events):
            return

        def _write_to_self(self):
            return

    class Policy(asyncio.DefaultEventLoopPolicy):
        """Makes such loops."""

        def new_event_loop(self):
            return PlainLoop()

    # Programs that name the usual ones get these.
    asyncio.SelectorEventLoop = PlainLoop
    asyncio.DefaultEventLoopPolicy = Policy
    asyncio.set_event_loop_policy(Policy())
    State.run = staticmethod(asyncio.run)


async def _collect(generator):
    return [item async for item in generator]


async def _nothing():
    yield


_sample = _collect(None)
COROUTINE = type(_sample)
ASYNC_GENERATOR = type(_nothing())
_sample.close()
