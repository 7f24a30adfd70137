"""What a server that forks loads once, so that no child has to."""

import sys

#: The modules that exercises use most, with all that they import themselves.
USUAL = (
    'abc', 'argparse', 'array', 'ast', 'base64', 'bisect', 'calendar', 'cmath', 'collections', 'contextlib', 'copy', 'csv',
    'dataclasses', 'datetime', 'decimal', 'difflib', 'enum', 'fractions', 'functools', 'hashlib', 'heapq', 'inspect', 'io', 'itertools',
    'json', 'linecache', 'locale', 'logging', 'math', 'numbers', 'operator', 'os', 'pathlib', 'pickle', 'pprint', 'queue', 'random', 're',
    'secrets', 'statistics', 'string', 'struct', 'textwrap', 'threading', 'time', 'traceback', 'types', 'typing', 'unicodedata', 'unittest',
    'unittest.mock', '_threading_local', 'uuid', 'warnings', 'weakref', '_strptime', 'asyncio', 'zlib', 'graphlib',
)


def warm():
    """Imports what programs and suites usually need. Modules that an installation lacks are left out: a program that needs one says so."""
    for name in USUAL:
        try:
            __import__(name)
        except ImportError:
            continue
    from . import suite
    from .coroutines import use_plain_loop
    from .own_modules import note_own_modules

    suite.preload()
    note_own_modules()
    use_plain_loop(sys.modules['asyncio'])
