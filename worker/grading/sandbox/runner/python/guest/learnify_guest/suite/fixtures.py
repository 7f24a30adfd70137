"""pytest's fixtures: what a test names among its arguments is made for it, and taken down after it or after the last that shares it."""

from ..primordials import BUILTINS as __builtins__

from ..coroutines import finish
from .marks import ParameterSet, value_name
from .outcomes import Failed

#: From the one that lives longest.
SCOPES = ('session', 'package', 'module', 'class', 'function')
FunctionType = type(value_name)
GeneratorType = type(_ for _ in ())


class Fixture:
    """A function that makes something for tests."""

    def __init__(self, function, scope='function', params=None, autouse=False, ids=None, name=None):
        self.function = function
        self.scope = scope() if callable(scope) else scope
        self.params = None if params is None else list(params)
        self.autouse = autouse
        self.ids = ids
        self.name = name or function.__name__
        self.__name__ = function.__name__
        if self.scope not in SCOPES:
            raise ValueError(f'fixture `{self.name}`: unknown scope {self.scope!r}')

    def __call__(self, *args, **kwargs):
        raise Failed(f'fixture `{self.name}` is called directly; name it as an argument of the test instead')

    def __get__(self, instance, owner):
        return self

    def rows(self):
        """Its parameters with their names, as (value, name) pairs."""
        rows = []
        for index, value in enumerate(self.params):
            entry = value if isinstance(value, ParameterSet) else ParameterSet((value,), None, ())
            own = self.ids(entry.values[0]) if callable(self.ids) else self.ids[index] if self.ids else None
            name = entry.id or own or value_name(entry.values[0], f'{self.name}{index}')
            rows.append((entry.values[0], str(name)))
        return rows


def fixture(function=None, *, scope='function', params=None, autouse=False, ids=None, name=None):
    """As `pytest.fixture`, with or without arguments."""
    if function is not None:
        return Fixture(function)
    return lambda made: Fixture(made, scope, params, autouse, ids, name)


class Registry:
    """The fixtures that a test can name."""

    def __init__(self):
        self._fixtures = {}

    def add_all(self, names):
        """Takes the fixtures of a namespace; later ones hide earlier ones of the same name."""
        for value in names.values():
            if type(value) is Fixture:
                self._fixtures[value.name] = value

    def within(self, kind):
        """These fixtures and those of a class."""
        inner = Registry()
        inner._fixtures = dict(self._fixtures)
        for base in reversed(kind.__mro__):
            inner.add_all(vars(base))
        return inner

    def find(self, name):
        """A fixture or None."""
        return self._fixtures.get(name)

    def closure(self, names):
        """All fixtures that a test needs: those that come unasked, those it names, and what they name."""
        found = {}
        unasked = [name for name, known in self._fixtures.items() if known.autouse]
        waiting = [*unasked, *names]
        while waiting:
            name = waiting.pop(0)
            known = self._fixtures.get(name)
            if known is not None and name not in found:
                found[name] = known
                waiting += argument_names(known.function)
        # Those that live longer are made first.
        return sorted(found.values(), key=lambda known: (SCOPES.index(known.scope), not known.autouse))


class Request:
    """The `request` of a fixture or a test."""

    def __init__(self, context, fixture=None):
        self._context = context
        self.fixturename = None if fixture is None else fixture.name
        self.scope = 'function' if fixture is None else fixture.scope
        self.cls = context.kind
        self.instance = context.instance
        self.function = context.function
        self.module = context.module
        self.node = context
        self.fixturenames = list(context.values)
        if fixture is not None and fixture.name in context.parameters:
            self.param = context.parameters[fixture.name]

    def getfixturevalue(self, name):
        """Another fixture's value."""
        return self._context.value(name)

    def addfinalizer(self, finalizer):
        """Has something done when the fixture is taken down."""
        self._context.store_of(self.scope).finalizers.append(finalizer)


class Store:
    """What lives as long as one scope, and how it is taken down."""

    def __init__(self):
        self.values = {}
        self.finalizers = []

    def close(self):
        """Takes down what was made last first. Raises the first error, after all are done."""
        error = None
        while self.finalizers:
            try:
                self.finalizers.pop()()
            except BaseException as problem:
                error = error or problem
        self.values.clear()
        if error is not None:
            raise error


class Context:
    """The making of one case's fixtures. `stores` are those of the scopes, the longest-lived first."""

    def __init__(self, registry, stores, parameters, given):
        self._registry = registry
        self._stores = stores
        self._making = []
        self.parameters = parameters
        self.values = dict(given)
        self.kind = self.instance = self.function = self.module = None
        self.name = ''

    def store_of(self, scope):
        """Where values of a scope live."""
        return self._stores['module' if scope in ('session', 'package') else scope]

    def value(self, name):
        """The value of a fixture, made unless it is there. Raises Failed when nothing has that name."""
        if name in self.values:
            return self.values[name]
        if name == 'request':
            return Request(self)
        known = self._registry.find(name)
        if known is None:
            raise Failed(f'fixture `{name}` is not known')
        if name in self._making:
            raise Failed(f'fixture `{name}` needs itself')
        self._making.append(name)
        value = self.values[name] = self._stored(known)
        self._making.pop()
        return value

    def _stored(self, known):
        store = self.store_of(known.scope)
        key = (known.name, id(known), id(self.parameters.get(known.name)))
        if key not in store.values:
            store.values[key] = self._make(known, store)
        return store.values[key]

    def _make(self, known, store):
        arguments = {name: Request(self, known) if name == 'request' else self.value(name) for name in argument_names(known.function)}
        made = self.call(known.function, arguments)
        if type(made) is not GeneratorType:
            return finish(made)
        value = next(made)
        store.finalizers.append(lambda: next(made, None))
        return value

    def call(self, function, arguments):
        """Calls a function of the suite, as a method when it is one of a class."""
        is_method = function.__code__.co_varnames[:1] == ('self',)
        return function(self.instance, **arguments) if is_method else function(**arguments)


def argument_names(function):
    """The arguments that a function must be given, without `self` and without those that `unittest.mock.patch` gives."""
    function = getattr(function, '__func__', function)
    mocks = len([patching for patching in getattr(function, 'patchings', ()) if is_given(patching)])
    while hasattr(function, '__wrapped__'):
        function = function.__wrapped__
    code = getattr(function, '__code__', None)
    if code is None:
        return []
    names = code.co_varnames[: code.co_argcount]
    names = names[: len(names) - len(function.__defaults__ or ())]
    names = names[1:] if names[:1] in (('self',), ('cls',)) else names
    only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return [*names[mocks:], *(name for name in only if name not in (function.__kwdefaults__ or {}))]


def is_given(patching):
    """Whether a patch hands its mock to the function."""
    return getattr(patching, 'attribute_name', None) is None and type(getattr(patching, 'new', None)).__name__ == '_SentinelObject'
