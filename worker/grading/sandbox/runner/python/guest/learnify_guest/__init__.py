"""
The harness inside a Python engine. It runs in the same interpreter as untrusted learner code and decides nothing: it loads the
program, calls what it is told to, and says what came back. The expected answers of calls and of printed text never get here; the
assertions of a suite do, so they are made hard to tamper with, not impossible: see `suite`.

Learner code may patch anything. So every module here starts with a private copy of the built-ins (see `primordials`) and takes from the
standard library what it needs before the program is loaded. What cannot be defended in one interpreter (frames, gc) is worth nothing
outside the learner's own submission: the process ends with it.

The package imports next to nothing, since on WASI each module costs milliseconds of every instance. A server that forks calls `warm`.
"""

from .own_modules import note_own_modules
from .session import serve
from .warmup import warm

note_own_modules()

__all__ = ['serve', 'warm']
