"""The author's files of a suite: compiled with telling assertions, run with built-ins and test frameworks of their own."""

from ..primordials import BUILTINS as __builtins__

from ..fault import Fault
from ..primordials import shared_builtins
from ..program import new_module, stem
from . import approx
from .approx import Approx
from .assertions import Asserter
from .equality import Trust
from .fixtures import Context
from .function_cases import FunctionCase
from .pytest_module import pytest_module
from .raises import Raises
from .rewrite import CHECK, FAIL, Rewriter
from .seal import Seal
from .unittest_cases import Result, UnittestCase
from .unittest_module import PREFIX, PrivateUnittest

real_import = __import__
JUDGES = (Asserter, Trust, Approx, Raises, Result, UnittestCase, FunctionCase, Context)


class AuthorCode:
    """What all files of one suite share. It must be made before any learner code runs."""

    def __init__(self, program, task):
        self.trust = Trust(program)
        self.trust.own_globals.append(vars(approx))
        self.rewriter = Rewriter([task['content'], *author_files(program)])
        self.unittest = PrivateUnittest(self.trust, task['runSkipped']) if mentions(PREFIX, program, task) else None
        self.seal = Seal(JUDGES if self.unittest is None else (*JUDGES, *self.unittest.TestCase.__mro__[:-1]))
        self._pytest = pytest_module()
        self._program = program
        asserter = Asserter(self.rewriter.assertions, self.trust)
        self._builtins = {**vars(shared_builtins), '__import__': self._import, CHECK: asserter.check, FAIL: asserter.fail}
        program.compile_author_file = self.rewriter.compile
        program.author_builtins = self._builtins

    def run(self, path, source):
        """Runs a file that nobody can import. Answers its namespace."""
        module = new_module(stem(path), path, None)
        module.__builtins__ = self._builtins
        names = module.__dict__
        self._program.author_globals.append(names)
        code = self.rewriter.compile(source, path)
        try:
            exec(code, names)
        except ImportError as error:
            self._explain(error)
            raise
        return names

    def _explain(self, error):
        """Raises Fault when the program lacks a name that the author's file imports from it."""
        text = str(error)
        start = 'cannot import name '
        if type(error) is not ImportError or error.name != self._program.module_name or not text.startswith(start):
            return
        wanted = text[len(start) :].split("'")[1]
        entrypoint = self._program.entrypoint
        if self._program.module is not None:
            raise Fault('invalid_submission', f'`{entrypoint}` defines no `{wanted}`; {self._program.offer()}') from None

    def _import(self, name, globals=None, locals=None, fromlist=(), level=0):
        """The `import` of the author's files."""
        if level == 0 and name == 'pytest':
            return self._pytest
        if level == 0 and self.unittest is not None and (name == PREFIX or name.startswith(PREFIX + '.')):
            module = self.unittest.module(name)
            return module if fromlist else self.unittest.root
        # Beside the program, `from .gcd import gcd` can only mean this.
        is_beside = level == 1 and name != '' and not (globals or {}).get('__package__')
        return real_import(name, globals, locals, fromlist, 0 if is_beside else level)


def mentions(word, program, task):
    """Whether a word is in one of the author's files."""
    return any(word in content for content in [task['content'], *author_files(program)])


def author_files(program):
    """The sources that come with the exercise."""
    return [content for path, content in program.files.items() if path != program.entrypoint and path.endswith('.py')]
