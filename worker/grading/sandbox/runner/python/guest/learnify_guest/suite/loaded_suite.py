"""A suite whose file has run: its cases, and what became of each."""

from ..primordials import BUILTINS as __builtins__

from ..errors import error_text, innermost_place, with_frames
from ..fault import Fault
from ..primordials import printable
from ..program import module_members
from .assertions import expectation
from .builtin_fixtures import builtin_fixtures
from .fixtures import Registry
from .function_cases import ModuleStore, tests_of
from .outcomes import ExpectedFailure, Failed, Skipped
from .unittest_cases import TestCaseFixtures, UnittestCase, test_methods
from .unittest_module import PREFIX, Comparison

MAX_CASES = 2000
MAX_NAME_CHARS = 300
MAX_DIFFERENCE_CHARS = 4000


class LoadedSuite:
    """The cases of a suite in the order in which they are written."""

    def __init__(self, names, code, program, path):
        self._names = names
        self._code = code
        self._program = program
        self._path = path
        self._files = {*program.files, path}
        self._cases = []
        self._planned = []

    def collect(self, run_skipped):
        """Finds the cases. Answers them as the transports know them; raises Fault when there are none or too many."""
        registry = Registry()
        registry.add_all(builtin_fixtures())
        for names in [*self._program.author_globals, self._names]:
            registry.add_all(names)
        shared = ModuleStore(self._names)
        for name, value in [*self._names.items()]:
            if self._is_own(value):
                self._cases += self._cases_of(name, value, registry, shared, run_skipped)
            if len(self._cases) > MAX_CASES:
                raise Fault('runtime_error', f'`{self._path}` defines more than {MAX_CASES} tests')
        if not self._cases:
            raise Fault('runtime_error', f'`{self._path}` defines no test')
        self._planned = [case for case in self._cases if case.runs]
        return [{'name': printable(case.name, MAX_NAME_CHARS), 'runs': case.runs} for case in self._cases]

    def _is_own(self, value):
        """Whether a name of the file is the author's, not something that was imported from the program."""
        learned = () if self._program.module is None else module_members(self._program.module).values()
        return getattr(value, '__test__', True) and not any(value is known for known in learned)

    def _cases_of(self, name, value, registry, shared, run_skipped):
        unittest = self._code.unittest
        if unittest is None or not isinstance(value, type) or not issubclass(value, unittest.Base):
            tests = tests_of(name, value, registry, shared, self._names)
            return [case for test in tests for case in test.cases(run_skipped)]
        if value.__module__.split('.')[0] == PREFIX:
            return []
        fixtures = TestCaseFixtures(value, shared)
        return [UnittestCase(value, method, fixtures, unittest, run_skipped) for method in test_methods(value)]

    def run(self, index):
        """Runs one of the cases that are run."""
        case = self._planned[index]
        try:
            case.run()
        except ExpectedFailure:
            pass
        except Skipped as skip:
            if self._is_by_program(skip.__cause__ or skip):
                return self._failed('the program skipped the test', skip)
        except AssertionError as error:
            if self._is_by_program(error) and not isinstance(error, (Failed, Comparison)):
                raise
            return self._failed(self._text_of(error), error)
        except AttributeError as error:
            if error.obj is not self._program.module or error.obj is None:
                raise
            wanted = printable(str(error.name), MAX_NAME_CHARS)
            raise Fault('invalid_submission', f'`{self._program.entrypoint}` defines no `{wanted}`; {self._program.offer()}') from None
        if self._code.seal.is_broken():
            raise Fault('runtime_error', 'the program changed the classes that test it')
        return {'kind': 'passed'}

    def _failed(self, text, error):
        subtest = getattr(error, '__learnify_subtest__', None)
        text = text if subtest is None else f'{text}\nin the subtest {subtest}'
        return {'kind': 'failed', 'message': with_frames(text, error, self._files)}

    def _text_of(self, error):
        """What the learner reads about an expectation that does not hold."""
        if type(error) is not Comparison:
            return printable(error_text(error), MAX_DIFFERENCE_CHARS) or 'an assertion does not hold'
        expected, actual = error.second, error.first
        place = innermost_place(error, {self._path})
        if place is not None and self._code.rewriter.expects_first(*place):
            expected, actual = actual, expected
        return expectation(expected, actual) + '\n' + printable(error_text(error), MAX_DIFFERENCE_CHARS)

    def _is_by_program(self, error):
        """Whether it was raised in the learner's file, rather than in a test."""
        place = innermost_place(error, self._files)
        return place is not None and place[0] == self._program.entrypoint
