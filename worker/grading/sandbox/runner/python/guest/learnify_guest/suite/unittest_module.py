"""
The suite's own `unittest`: the real classes, loaded a second time where the learner's code could have changed the first, and with
assertions that a lying `__eq__` does not pass. Only the part that defines test cases is loaded at once; the runner, the loader and what
shows differences come when they are asked for, since they take longer to load than most suites to run.
"""

from ..primordials import BUILTINS as __builtins__

import sys

from ..coroutines import finish
from ..primordials import ModuleType, modules, native_type
from .outcomes import Failed

PREFIX = 'unittest'
CASE_NAMES = (
    'FunctionTestCase', 'SkipTest', 'addModuleCleanup', 'doModuleCleanups', 'enterModuleContext', 'expectedFailure', 'skip', 'skipIf',
    'skipUnless',
)
#: Where the names are that are not there from the start.
LATER = {
    'TestResult': 'result', 'BaseTestSuite': 'suite', 'TestSuite': 'suite', 'TestLoader': 'loader', 'defaultTestLoader': 'loader',
    'TextTestRunner': 'runner', 'TextTestResult': 'runner', 'IsolatedAsyncioTestCase': 'async_case', 'mock': 'mock',
}
#: What `unittest.case` needs only to describe what differs.
LAZY = ('difflib', 'pprint', 're', 'traceback')

#: Assertions that hold two values against each other.
EQUALITIES = (
    'assertEqual', 'assertAlmostEqual', 'assertIs', 'assertCountEqual', 'assertListEqual', 'assertTupleEqual', 'assertSetEqual',
    'assertDictEqual', 'assertSequenceEqual', 'assertMultiLineEqual',
)
#: Names that Python 3.12 took away; suites that have them shall run in every engine.
OLD_NAMES = {
    'assert_': 'assertTrue', 'assertEquals': 'assertEqual', 'assertNotEquals': 'assertNotEqual', 'assertAlmostEquals': 'assertAlmostEqual',
    'assertNotAlmostEquals': 'assertNotAlmostEqual', 'assertRegexpMatches': 'assertRegex', 'assertNotRegexpMatches': 'assertNotRegex',
    'assertRaisesRegexp': 'assertRaisesRegex',
}
SIZED = (str, list, tuple, dict, set, frozenset)
MAX_DIFFERENCE_CHARS = 4000

real_import = __import__


class LazyModule(ModuleType):
    """Stands for a module until something of it is needed."""

    def __getattr__(self, name):
        real_import(self.__name__)
        return getattr(modules[self.__name__], name)


class LightTraceback(LazyModule):
    """Of `traceback` a suite that passes needs one function only."""

    @staticmethod
    def clear_frames(trace):
        """Frees what the frames of a traceback hold."""
        while trace is not None:
            try:
                trace.tb_frame.clear()
            except RuntimeError:
                # It is still running.
                pass
            trace = trace.tb_next


class PrivateUnittest:
    """`unittest` and its submodules for the author's files only: `sys.modules` does not have them while learner code runs."""

    def __init__(self, trust, run_skipped):
        self._trust = trust
        self._private = dict(PRELOADED)
        if self._private:
            self._vouch()
        else:
            self._within(load)
        self.root = self._private[PREFIX]
        #: What all test cases derive from, and what the author's file gets as that.
        self.Base = self._private['unittest.case'].TestCase
        self.TestCase = hardened(self.Base, trust)
        self.root.TestCase = self.TestCase
        self.root.__getattr__ = self._attribute
        if run_skipped:
            for name in ('skip', 'skipIf', 'skipUnless'):
                setattr(self.root, name, skip_nothing)

    def module(self, name):
        """`unittest` or one of its submodules, loaded when it is not. Raises ImportError."""
        if name not in self._private:
            self._within(lambda: real_import(name))
        return self._private[name]

    def _within(self, work):
        """Does something while the private modules are those that an import finds."""
        public = take_out()
        modules.update(self._private)
        try:
            work()
        finally:
            self._private.update(take_out())
            modules.update(public)
            self._vouch()

    def _vouch(self):
        if self._trust is not None:
            self._trust.own_globals += [vars(module) for module in self._private.values()]

    def _attribute(self, name):
        """What the module has that is not there from the start."""
        place = LATER.get(name)
        if place is None:
            raise AttributeError(f"module 'unittest' has no attribute '{name}'")
        module = self.module(f'{PREFIX}.{place}')
        value = module if name == place else getattr(module, name)
        if name == 'IsolatedAsyncioTestCase':
            value = type(name, (self.TestCase, value), {'__module__': PREFIX, '_callTestMethod': value._callTestMethod})
        setattr(self.root, name, value)
        return value


#: The private modules of a server that forks.
PRELOADED = {}


def preload():
    """Loads the private modules once; each child then has them for itself."""
    private = PrivateUnittest(None, False)
    private.module('unittest.mock')
    private.module('unittest.async_case')
    PRELOADED.update(private._private)


def load():
    """Makes `unittest` of its test cases only."""
    # Not `importlib.util`, which takes its time too.
    specs = (finder.find_spec(PREFIX, None) for finder in sys.meta_path)
    spec = next(found for found in specs if found is not None)
    root = modules[PREFIX] = ModuleType(PREFIX)
    root.__spec__, root.__path__, root.__package__ = spec, spec.submodule_search_locations, PREFIX
    lazy = [name for name in LAZY if name not in modules]
    for name in lazy:
        modules[name] = (LightTraceback if name == 'traceback' else LazyModule)(name)
    try:
        real_import('unittest.case')
    finally:
        for name in lazy:
            del modules[name]
    case = modules['unittest.case']
    for name in CASE_NAMES:
        if hasattr(case, name):
            setattr(root, name, getattr(case, name))
    root.main = root.TestProgram = ignored


def take_out():
    """Removes `unittest` and its submodules from the loaded modules and answers them."""
    return {name: modules.pop(name) for name in [*modules] if name == PREFIX or name.startswith(PREFIX + '.')}


def skip_nothing(*args):
    """`unittest.skip` and its kind where the skipped tests are run too."""
    return args[0] if len(args) == 1 and hasattr(args[0], '__code__') else lambda target: target


def ignored(*args, **options):
    """`unittest.main()`: the cases are run one by one from outside."""


def hardened(base, trust):
    """The class of test cases, whose equalities also ask whether an object only claims to be equal."""

    def equality(name):
        original = getattr(base, name)

        def method(self, first, second, *more, **named):
            if has_slow_difference(first, second) and name != 'assertIs' and not first == second:
                raise Comparison('they differ', first, second)
            try:
                original(self, first, second, *more, **named)
            except AssertionError as error:
                raise Comparison(str(error), first, second) from None
            if name == 'assertCountEqual':
                first, second = in_one_order(first, second)
            if trust.misleads(first, second):
                raise Comparison('the answer says that it is equal, but it says so of anything', first, second)

        method.__name__ = name
        return method

    def assert_in(self, member, container, msg=None):
        base.assertIn(self, member, container, msg)
        if trust.claims_anything(member) or trust.claims_anything(container):
            raise Failed('the answer says of itself that it equals anything')

    def call_test_method(self, method):
        finish(method())

    members = {name: equality(name) for name in EQUALITIES}
    members |= {'assertIn': assert_in, '_callTestMethod': call_test_method}
    members |= {old: members.get(new) or getattr(base, new) for old, new in OLD_NAMES.items()}
    return type('TestCase', (base,), {'__module__': PREFIX, '__doc__': base.__doc__, **members})


def in_one_order(first, second):
    """Two lists of the same items, as far as they can be brought in the same order."""
    try:
        return sorted(first), sorted(second)
    except TypeError:
        return list(first), [item for item in first for other in second if item == other]


def has_slow_difference(first, second):
    """Whether the standard library would take seconds to describe how two values differ."""
    return any(native_type(side, SIZED) is not None and len(shown_fully(side)) > MAX_DIFFERENCE_CHARS for side in (first, second))


def shown_fully(value):
    """`repr`, or nothing when the value has none."""
    try:
        return repr(value)
    except Exception:
        return ''


class Comparison(AssertionError):
    """An equality that does not hold, with both sides."""

    def __init__(self, text, first, second):
        AssertionError.__init__(self, text)
        self.first = first
        self.second = second
