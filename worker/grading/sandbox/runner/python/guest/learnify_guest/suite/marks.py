"""`pytest.mark`: what the author says about a test, kept in the test's `pytestmark`."""

from ..primordials import BUILTINS as __builtins__


class Mark:
    """One mark with its arguments; decorates functions and classes."""

    def __init__(self, name, args=(), kwargs=None):
        self.name = name
        self.args = args
        self.kwargs = kwargs or {}

    def __call__(self, *args, **kwargs):
        is_decorated = len(args) == 1 and not kwargs and (isinstance(args[0], type) or hasattr(args[0], '__code__'))
        if is_decorated and self.name != 'parametrize':
            target = args[0]
            # A class has a list of its own, not that of the class it derives from.
            target.pytestmark = [*vars(target).get('pytestmark', ()), self]
            return target
        return Mark(self.name, (*self.args, *args), {**self.kwargs, **kwargs}) if self.name != 'parametrize' else Parametrize(args, kwargs)


class Parametrize(Mark):
    """`@pytest.mark.parametrize('a, b', [(1, 2), …])`."""

    def __init__(self, args, kwargs):
        Mark.__init__(self, 'parametrize', args, kwargs)

    def __call__(self, target):
        target.pytestmark = [*vars(target).get('pytestmark', ()), self]
        return target

    def rows(self):
        """The argument names, which of them are parameters of fixtures, and a list of `Row`."""
        return read_rows(*self.args, **self.kwargs)


class MarkGenerator:
    """`pytest.mark`: any name is a mark."""

    def __getattr__(self, name):
        return Mark(name)


class ParameterSet:
    """`pytest.param(1, 2, id='…', marks=…)`."""

    def __init__(self, values, name, marks):
        self.values = values
        self.id = name
        self.marks = list(marks) if isinstance(marks, (list, tuple)) else [marks]


def param(*values, id=None, marks=()):
    """As `pytest.param`."""
    return ParameterSet(values, id, marks)


class Row:
    """One set of arguments: values by name, its name, its marks."""

    def __init__(self, arguments, indirect, name, marks):
        self.arguments = arguments
        self.indirect = indirect
        self.name = name
        self.marks = marks


def read_rows(argnames, argvalues, indirect=False, ids=None, scope=None):
    """The rows of a parametrize mark. Raises ValueError when a row has another number of values than there are names."""
    is_text = isinstance(argnames, str)
    names = [name.strip() for name in argnames.split(',') if name.strip()] if is_text else list(argnames)
    indirect = frozenset(names if indirect is True else indirect or ())
    rows = []
    for index, value in enumerate(argvalues):
        entry = value
        if not isinstance(value, ParameterSet):
            entry = ParameterSet((value,) if is_text and len(names) == 1 else tuple(value), None, ())
        if len(entry.values) != len(names):
            raise ValueError(f'parametrize: {len(names)} names ({", ".join(names)}), but row {index} has {len(entry.values)} values')
        rows.append(Row(dict(zip(names, entry.values)), indirect, row_name(entry, names, index, ids), entry.marks))
    return tell_apart(rows)


def row_name(entry, names, index, ids):
    """The name of a row as pytest makes it: its values, or the argument's name and a number."""
    if entry.id is not None:
        return str(entry.id)
    if ids is not None and not callable(ids):
        ids = ids if isinstance(ids, (list, tuple)) else list(ids)
        if index < len(ids) and ids[index] is not None:
            return str(ids[index])
    parts = []
    for name, value in zip(names, entry.values):
        own = ids(value) if callable(ids) else None
        parts.append(value_name(value, f'{name}{index}') if own is None else str(own))
    return '-'.join(parts)


def value_name(value, otherwise):
    """A value in the name of a case."""
    if isinstance(value, str):
        return value.encode('unicode_escape').decode('ascii')
    if value is None or isinstance(value, (bool, int, float, complex)):
        return str(value)
    return value.__name__ if isinstance(value, type) or hasattr(value, '__code__') else otherwise


def tell_apart(rows):
    """Numbers the rows of the same name."""
    seen = {}
    for row in rows:
        seen.setdefault(row.name, []).append(row)
    for same in seen.values():
        for index, row in enumerate(same if len(same) > 1 else ()):
            row.name += str(index)
    return rows


def marks_of(function):
    """The marks of a function, in the order in which they were applied."""
    return marks_in(getattr(function, '__dict__', {}))


def marks_in(names):
    """The marks in a namespace: of all tests of a module, or of a class without those that it derives from."""
    marks = names.get('pytestmark', ())
    return list(marks) if isinstance(marks, (list, tuple)) else [marks]


def skip_reason(marks):
    """Why a test is skipped, or None."""
    for mark in marks:
        if mark.name == 'skip':
            return str(mark.kwargs.get('reason', mark.args[0] if mark.args else 'skipped'))
        if mark.name == 'skipif' and any(is_true(condition) for condition in [*mark.args, *given(mark, 'condition')]):
            return str(mark.kwargs.get('reason', 'skipped'))
    return None


def expected_failure(marks):
    """The xfail mark that applies, or None."""
    for mark in marks:
        conditions = [*mark.args, *given(mark, 'condition')]
        if mark.name == 'xfail' and (not conditions or any(is_true(condition) for condition in conditions)):
            return mark
    return None


def given(mark, name):
    return [mark.kwargs[name]] if name in mark.kwargs else []


def is_true(condition):
    """Conditions may be written as text; such ones speak of the interpreter, e.g. `sys.version_info < (3, 8)`."""
    if not isinstance(condition, str):
        return bool(condition)
    import os
    import platform
    import sys

    return bool(eval(condition, {'os': os, 'sys': sys, 'platform': platform}))
