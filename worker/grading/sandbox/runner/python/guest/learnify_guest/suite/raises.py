"""`pytest.raises`, `pytest.warns` and their kind."""

from ..primordials import BUILTINS as __builtins__

from ..errors import error_text, headline
from ..primordials import modules, type_name
from .outcomes import Failed

real_import = __import__


class ExceptionInfo:
    """The exception that came, as `with raises(...) as info` gives it."""

    def __init__(self):
        self.value = None

    @property
    def type(self):
        return type(self.value)

    @property
    def tb(self):
        return self.value.__traceback__

    @property
    def typename(self):
        return type_name(type(self.value))

    def exconly(self, tryshort=False):
        """The exception in one line."""
        return headline(self.value)

    def errisinstance(self, kinds):
        """Whether the exception is of these classes."""
        return isinstance(self.value, kinds)

    def match(self, pattern):
        """Searches a regular expression in the exception's text; raises when it is not there."""
        require_match(pattern, self.value)
        return True

    def __repr__(self):
        return '<ExceptionInfo for raises contextmanager>' if self.value is None else f'<ExceptionInfo {headline(self.value)}>'


class Raises:
    """The context in which an exception must be raised."""

    def __init__(self, expected, match=None, check=None):
        self._expected = expected if isinstance(expected, tuple) else (expected,)
        self._match = match
        self._check = check
        self._info = ExceptionInfo()
        for kind in self._expected:
            if not isinstance(kind, type) or not issubclass(kind, BaseException):
                raise TypeError(f'raises: an exception class is expected, got {kind!r}')

    def __enter__(self):
        return self._info

    def __exit__(self, kind, value, trace):
        if value is None:
            raise Failed(f'expected {class_names(self._expected)} to be raised, but nothing was')
        if not issubclass(kind, self._expected):
            return False
        self._info.value = value
        if self._match is not None:
            require_match(self._match, value)
        if self._check is not None and not self._check(value):
            raise Failed(f'the exception is not the expected one: {headline(value)}')
        return True


def raises(expected_exception, *args, match=None, check=None, **options):
    """As `pytest.raises`: a context, or the call of a function."""
    context = Raises(expected_exception, match, check)
    if not args:
        return context
    function, *arguments = args
    with context as info:
        function(*arguments, **options)
    return info


class Warns:
    """The context in which a warning must be given."""

    def __init__(self, expected, match):
        self._expected = expected
        self._match = match
        real_import('warnings')
        self._catching = modules['warnings'].catch_warnings(record=True)
        self._record = None

    def __enter__(self):
        self._record = self._catching.__enter__()
        modules['warnings'].simplefilter('always')
        return self._record

    def __exit__(self, kind, value, trace):
        self._catching.__exit__(kind, value, trace)
        if value is not None:
            return False
        found = [entry for entry in self._record if issubclass(entry.category, self._expected)]
        if self._match is not None:
            found = [entry for entry in found if is_match(self._match, str(entry.message))]
        if not found:
            raise Failed(f'expected {class_names(self._expected)} as a warning, but none came')
        return False


def warns(expected_warning=Warning, *args, match=None, **options):
    """As `pytest.warns`."""
    context = Warns(expected_warning, match)
    if not args:
        return context
    function, *arguments = args
    with context:
        return function(*arguments, **options)


def deprecated_call(*args, match=None, **options):
    """As `pytest.deprecated_call`."""
    return warns((DeprecationWarning, PendingDeprecationWarning, FutureWarning), *args, match=match, **options)


def is_match(pattern, text):
    """Whether a regular expression is found in a text."""
    real_import('re')
    return modules['re'].search(pattern, text) is not None


def require_match(pattern, error):
    """Raises when an exception's text lacks a regular expression."""
    text = error_text(error)
    if not is_match(pattern, text):
        raise Failed(f'expected the text of {type_name(type(error))} to match {pattern!r}, got {text!r}')


def class_names(kinds):
    """`ValueError` or `(KeyError, ValueError)`."""
    if not isinstance(kinds, tuple):
        return type_name(kinds)
    names = [type_name(kind) for kind in kinds]
    return names[0] if len(names) == 1 else '(' + ', '.join(names) + ')'
