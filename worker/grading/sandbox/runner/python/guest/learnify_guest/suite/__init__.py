"""
Unit tests: the author's file, which imports the program and holds its own assertions.

The assertions run beside the code that they judge, so they are made hard to tamper with. The author's files have built-ins, `unittest` and
`pytest` of their own that nothing of the learner's is given; equality is not left to a class of the learner; the file cannot be imported.
What remains open: code that a test calls can look at that test's frames, and change modules that both use.
"""

from ..primordials import BUILTINS as __builtins__

from ..errors import error_text
from ..fault import Fault
from .author_code import AuthorCode
from .loaded_suite import LoadedSuite
from .outcomes import Skipped
from .unittest_module import preload

__all__ = ['Suite', 'preload']

#: Where pytest looks for fixtures that nobody imports.
FIXTURES = 'conftest.py'


class Suite:
    """The suite of one job. It must be made before any learner code runs."""

    def __init__(self, task, program):
        self._task = task
        self._code = AuthorCode(program, task)
        self._program = program
        self._loaded = None

    def load(self):
        """Runs the file's top level. Answers its cases as the transports know them; raises what the code raises, and Fault."""
        path = self._task['path']
        try:
            if FIXTURES in self._program.files:
                self._code.run(FIXTURES, self._program.files[FIXTURES])
            names = self._code.run(path, self._task['content'])
        except Skipped as skip:
            raise Fault('runtime_error', f'`{path}` skips all its tests: {error_text(skip)}') from None
        self._loaded = LoadedSuite(names, self._code, self._program, path)
        return self._loaded.collect(self._task['runSkipped'])

    def run(self, index):
        """Runs one of the cases that are run, counted from 0. Answers how it ended; raises what the program raises."""
        return self._loaded.run(index)
