"""The cases that are written the way of pytest: functions `test_…` and classes `Test…`."""

from ..primordials import BUILTINS as __builtins__

from ..coroutines import finish
from .fixtures import Context, Fixture, Store, argument_names
from .marks import Parametrize, Row, expected_failure, marks_in, marks_of, skip_reason
from .outcomes import ExpectedFailure, Failed, Skipped
from .unittest_cases import ClassFixtures, call_if_there, in_turn, test_methods


class ModuleStore(ClassFixtures):
    """The fixtures that all cases of the suite share, and pytest's set-up of a module."""

    def __init__(self, names):
        ClassFixtures.__init__(self, None)
        self.store = Store()
        self._names = names

    def _enter(self):
        call_if_there(self._names, 'setUpModule')
        call_with(self._names.get('setup_module'), None)

    def _leave(self):
        in_turn(
            self.store.close,
            lambda: call_with(self._names.get('teardown_module'), None),
            lambda: call_if_there(self._names, 'tearDownModule'),
        )


class ClassStore(ClassFixtures):
    """The fixtures that the cases of a class share, and its `setup_class`."""

    def __init__(self, kind, module_store):
        ClassFixtures.__init__(self, module_store)
        self.store = Store()
        self._kind = kind

    def _enter(self):
        call_with(getattr(self._kind, 'setup_class', None), self._kind)

    def _leave(self):
        in_turn(self.store.close, lambda: call_with(getattr(self._kind, 'teardown_class', None), self._kind))


class FunctionTest:
    """A test function, of which each set of arguments makes a case."""

    def __init__(self, name, function, kind, registry, shared, names):
        self.name = name
        self.function = function
        self.kind = kind
        self.registry = registry
        self.shared = shared
        self.names = names
        bases = () if kind is None else kind.__mro__
        self.marks = [*marks_of(function), *(mark for base in bases for mark in marks_in(vars(base))), *marks_in(names)]
        asked = [name for mark in self.marks if mark.name == 'usefixtures' for name in mark.args]
        self.arguments = argument_names(function)
        self.fixtures = registry.closure([*asked, *self.arguments])

    def cases(self, run_skipped):
        """One case for each combination of its rows; the mark nearest to the function varies slowest."""
        combinations = [[]]
        for rows in self._row_lists():
            combinations = [[*combination, row] for combination in combinations for row in rows]
        return [FunctionCase(self, combination, run_skipped) for combination in combinations]

    def _row_lists(self):
        lists = [mark.rows() for mark in self.marks if isinstance(mark, Parametrize)]
        direct = {name for rows in lists for row in rows for name in row.arguments}
        for known in self.fixtures:
            if known.params is not None and known.name not in direct:
                lists.append([Row({known.name: value}, frozenset((known.name,)), name, []) for value, name in known.rows()])
        return lists


class FunctionCase:
    """A test function with its arguments."""

    def __init__(self, test, rows, run_skipped):
        self._test = test
        self._rows = rows
        self._marks = [*test.marks, *(mark for row in rows for mark in row.marks if mark.name != 'parametrize')]
        self.name = '' if test.kind is None else test.kind.__qualname__.replace('.', ' > ') + ' > '
        self.name += test.name + (f'[{"-".join(row.name for row in rows)}]' if rows else '')
        self._failure = expected_failure(self._marks)
        is_never_run = self._failure is not None and self._failure.kwargs.get('run') is False
        self.runs = run_skipped or not is_never_run and skip_reason(self._marks) is None
        if self.runs:
            test.shared.plan(self)

    def run(self):
        """Raises what went wrong."""
        if self._failure is None:
            return self._run()
        kinds = self._failure.kwargs.get('raises')
        try:
            self._run()
        except Skipped:
            raise
        except BaseException as error:
            if isinstance(error, Exception) and (kinds is None or isinstance(error, kinds)):
                raise ExpectedFailure() from error
            raise
        if self._failure.kwargs.get('strict'):
            raise Failed('expected the test to fail, but it passed')

    def _run(self):
        store = Store()
        in_turn(lambda: self._perform(store), store.close, lambda: self._test.shared.take_down(self))

    def _perform(self, store):
        test = self._test
        test.shared.set_up()
        parameters = {name: value for row in self._rows for name, value in row.arguments.items() if name in row.indirect}
        given = {name: value for row in self._rows for name, value in row.arguments.items() if name not in row.indirect}
        context = Context(test.registry, stores_of(test.shared, store), parameters, given)
        context.kind, context.function, context.name = test.kind, test.function, self.name
        context.instance = None if test.kind is None else test.kind()
        function = test.function if test.kind is None else getattr(context.instance, test.name)
        self._set_up_as_xunit(context.instance, function, store)
        for known in test.fixtures:
            context.value(known.name)
        finish(function(**{name: context.value(name) for name in test.arguments}))

    def _set_up_as_xunit(self, instance, function, store):
        """`setup_method` of a class, or `setup_function` of the module, and what undoes them."""
        if instance is None:
            call_with(self._test.names.get('setup_function'), function)
            store.finalizers.append(lambda: call_with(self._test.names.get('teardown_function'), function))
        else:
            call_with(getattr(instance, 'setup_method', None), function)
            store.finalizers.append(lambda: call_with(getattr(instance, 'teardown_method', None), function))


def stores_of(shared, store):
    """The stores of the scopes; a function outside a class is its own class."""
    if isinstance(shared, ClassStore):
        return {'module': shared.before.store, 'class': shared.store, 'function': store}
    return {'module': shared.store, 'class': store, 'function': store}


def tests_of(name, value, registry, module_store, names):
    """The tests behind a name of the suite's module."""
    if isinstance(value, type):
        if not name.startswith('Test') or '__init__' in vars(value) or '__new__' in vars(value):
            return []
        shared = ClassStore(value, module_store)
        inner = registry.within(value)
        functions = [(method, function_of(value, method)) for method in test_methods(value)]
        tests = [FunctionTest(method, function, value, inner, shared, names) for method, function in functions if function]
        nested = [test for known in [*vars(value).items()] for test in nested_tests(*known, inner, module_store, names)]
        return tests + nested
    if name.startswith('test') and hasattr(value, '__code__') and type(value) is not Fixture:
        return [FunctionTest(name, value, None, registry, module_store, names)]
    return []


def nested_tests(name, value, registry, module_store, names):
    """The tests of a class within a class."""
    return tests_of(name, value, registry, module_store, names) if isinstance(value, type) else []


def function_of(kind, name):
    """The function behind a method, with its marks; None for what is none."""
    found = getattr(kind, name)
    found = getattr(found, '__func__', found)
    return found if hasattr(found, '__code__') else None


def call_with(function, argument):
    """Calls a hook, with the argument if it takes one."""
    if function is not None:
        function(argument) if takes_argument(function) else function()


def takes_argument(function):
    is_bound = getattr(function, '__self__', None) is not None
    code = getattr(getattr(function, '__func__', function), '__code__', None)
    return code is not None and code.co_argcount > is_bound
