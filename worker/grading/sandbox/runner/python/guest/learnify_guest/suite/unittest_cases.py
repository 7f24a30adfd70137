"""The cases of a suite's `unittest.TestCase` classes, run one at a time."""

from ..primordials import BUILTINS as __builtins__

import sys

from ..primordials import type_members, type_mro
from .marks import marks_in, marks_of, skip_reason
from .outcomes import ExpectedFailure, Failed, Skipped


class ClassFixtures:
    """What is set up once for the cases of a class and taken down after the last of them that is run."""

    def __init__(self, module_fixtures):
        self.before = module_fixtures
        self.last_case = None
        self._state = None
        self._error = None

    def set_up(self):
        """Sets up unless that is done; an error of it is that of every case."""
        if self.before is not None:
            self.before.set_up()
        if self._state is None:
            self._state = 'ready'
            try:
                self._enter()
            except BaseException as error:
                self._error = error
        if self._error is not None:
            raise self._error

    def take_down(self, case):
        """Takes down after the last case."""
        if self.last_case is case and self._error is None:
            self._leave()
        if self.before is not None:
            self.before.take_down(case)

    def plan(self, case):
        """Says that a case will be run; the last one said so takes down."""
        self.last_case = case
        if self.before is not None:
            self.before.plan(case)


class TestCaseFixtures(ClassFixtures):
    """`setUpClass` and `tearDownClass`."""

    def __init__(self, kind, module_fixtures):
        ClassFixtures.__init__(self, module_fixtures)
        self._kind = kind

    def _enter(self):
        self._kind.setUpClass()

    def _leave(self):
        self._kind.tearDownClass()
        self._kind.doClassCleanups()
        for _, error, _ in getattr(self._kind, 'tearDown_exceptions', ()):
            raise error


class UnittestCase:
    """One test method."""

    def __init__(self, kind, method, fixtures, unittest, run_skipped):
        self.name = f'{kind.__name__} > {method}'
        self._kind = kind
        self._method = method
        self._fixtures = fixtures
        self._unittest = unittest
        function = getattr(kind, method)
        marks = [*marks_of(function), *marks_in(vars(kind))]
        is_off = getattr(kind, '__unittest_skip__', False) or getattr(function, '__unittest_skip__', False)
        self.runs = run_skipped or not is_off and skip_reason(marks) is None
        if self.runs:
            fixtures.plan(self)

    def run(self):
        """Raises what went wrong."""
        try:
            in_turn(self._run, lambda: self._fixtures.take_down(self))
        except self._unittest.root.SkipTest as skip:
            raise Skipped(str(skip)) from skip

    def _run(self):
        self._fixtures.set_up()
        result = Result()
        self._kind(self._method).run(result)
        result.settle()


def in_turn(*steps):
    """Does every step whatever becomes of those before, then raises the first error."""
    first = None
    for step in steps:
        try:
            step()
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first


class Result:
    """What a TestCase reports to. Keeps the first thing that went wrong."""

    failfast = shouldStop = False

    def __init__(self):
        self._error = None
        self._ending = None

    def addFailure(self, case, info):
        self._note(info[1])

    addError = addFailure

    def addSubTest(self, case, subtest, info):
        if info is not None:
            self._note(info[1], subtest)

    def addSkip(self, case, reason):
        # A subtest that is skipped skips itself only.
        if not hasattr(case, 'test_case'):
            self._ending = self._ending or Skipped(reason)
            # Where it was raised tells whose wish it is.
            self._ending.__cause__ = sys.exc_info()[1]

    def addExpectedFailure(self, case, info):
        self._ending = ExpectedFailure()

    def addUnexpectedSuccess(self, case):
        self._note(Failed('expected the test to fail, but it passed'))

    def startTest(self, case):
        return

    stopTest = addSuccess = startTest

    def addDuration(self, case, seconds):
        return

    def _note(self, error, subtest=None):
        if self._error is None:
            self._error = error
            if subtest is not None:
                error.__learnify_subtest__ = subtest._subDescription()

    def settle(self):
        """Raises what was noted, if anything."""
        if self._error is not None:
            raise self._error
        if self._ending is not None:
            raise self._ending


def test_methods(kind, prefix='test'):
    """Names of the test methods of a class, in the order in which they are written; inherited ones first."""
    found = {}
    for base in reversed(type_mro(kind)):
        for name in type_members(base):
            if name.startswith(prefix):
                found[name] = True
    return [name for name in found if callable(getattr(kind, name, None))]


def call_if_there(names, name):
    """Calls a function of the suite's module, if it has it."""
    function = names.get(name)
    if function is not None:
        function()
