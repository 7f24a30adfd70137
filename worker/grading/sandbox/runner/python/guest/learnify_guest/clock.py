"""
Reproducible runs: seeded random numbers always, and a fixed time of day where the exercise asks for one. Clocks that measure (monotonic,
perf_counter) stay real. The zone is UTC.
"""

from .primordials import BUILTINS as __builtins__

import gc
import sys
import time

from .primordials import type_members

SEED = 20_240_229
#: The host may have stopped the clock already; then nothing is patched.
TOLERANCE_NS = 1_000_000

real_time_ns = time.time_ns
clock_gettime = time.clock_gettime
clock_gettime_ns = time.clock_gettime_ns
gmtime = time.gmtime
strftime = time.strftime
asctime = time.asctime
tzset = getattr(time, 'tzset', None)


def make_reproducible(clock_ms, after_import):
    """`clock_ms` is the time of day since 1970, or None for the real one. `after_import` takes a module's name and what to do with it."""
    after_import('random', seed)
    if tzset is not None:
        tzset()
    if clock_ms is None:
        return
    now_ns = int(clock_ms * 1_000_000)
    if abs(real_time_ns() - now_ns) > TOLERANCE_NS:
        stop_time(now_ns)
        after_import('datetime', lambda datetime: stop_datetime(datetime, now_ns))


def seed(random):
    """Seeds the generator behind `random.random()` and the like."""
    random.seed(SEED)


def stop_time(now_ns):
    """Stops the clocks of `time` that tell the time of day."""
    # In floating point, as the interpreter does it, so that the engines agree to the last digit.
    now = now_ns / 1e9

    def or_now(seconds):
        return now if seconds is None else seconds

    time.time = lambda: now
    time.time_ns = lambda: now_ns
    time.clock_gettime = lambda clock: now if clock == time.CLOCK_REALTIME else clock_gettime(clock)
    time.clock_gettime_ns = lambda clock: now_ns if clock == time.CLOCK_REALTIME else clock_gettime_ns(clock)
    time.gmtime = lambda seconds=None, /: gmtime(or_now(seconds))
    time.localtime = lambda seconds=None, /: gmtime(or_now(seconds))
    time.ctime = lambda seconds=None, /: asctime(gmtime(or_now(seconds)))
    time.asctime = lambda moment=None, /: asctime(gmtime(now) if moment is None else moment)
    time.strftime = lambda format, moment=None, /: strftime(format, gmtime(now) if moment is None else moment)


def stop_datetime(module, now_ns):
    """
    Stops `datetime.now` and `utcnow`. The others of its clocks ask `time.time`. The class is one of C and refuses to be changed; a class
    derived from it would not be what the standard library makes and tests for. So its members are changed where they are kept.
    """
    kind = module.datetime
    moment = module.timedelta(microseconds=now_ns // 1000)

    def now(cls, tz=None):
        """The current local date and time, or that of a zone."""
        universal = cls(1970, 1, 1, tzinfo=module.timezone.utc) + moment
        return universal.replace(tzinfo=None) if tz is None else universal.astimezone(tz)

    def utcnow(cls):
        """The current date and time in UTC, without a zone."""
        return cls(1970, 1, 1) + moment

    members = gc.get_referents(type_members(kind))[0]
    members['now'] = classmethod(now)
    members['utcnow'] = classmethod(utcnow)
    forget_lookups()


def forget_lookups():
    """Empties the interpreter's caches of where classes have their members."""
    # Python 3.13 has another name for it.
    name = '_clear_internal_caches' if hasattr(sys, '_clear_internal_caches') else '_clear_type_cache'
    getattr(sys, name)()
