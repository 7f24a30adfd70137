"""`pytest.approx`: numbers that are close, alone or in sequences and dictionaries."""

from ..primordials import BUILTINS as __builtins__

from ..answers import is_a
from ..primordials import native_type

DEFAULT_RELATIVE = 1e-6
DEFAULT_ABSOLUTE = 1e-12
INFINITY = float('inf')
NUMBERS = (int, float, complex)


class Approx:
    """Equal to what is within the tolerance: the larger of an absolute one and one relative to the expected value."""

    __hash__ = None

    def __init__(self, expected, rel=None, abs=None, nan_ok=False):
        for name, value in (('rel', rel), ('abs', abs)):
            if value is not None and not value >= 0:
                raise ValueError(f'approx: the tolerance {name} must not be negative or NaN, got {value}')
        self._expected = expected
        self._options = (rel, abs, nan_ok)

    def __eq__(self, actual):
        return close(self._expected, actual, self._options)

    def __ne__(self, actual):
        return not close(self._expected, actual, self._options)

    def __repr__(self):
        return f'approx({self._expected!r}{tolerance_text(self._expected, self._options)})'

    def __bool__(self):
        raise AssertionError('approx() is compared, e.g. `assert answer == approx(0.3)`')


def close(expected, actual, options):
    """Whether `actual` is about `expected`, member by member."""
    if native_type(expected, (dict,)) is dict:
        if native_type(actual, (dict,)) is not dict or dict.keys(expected) != dict.keys(actual):
            return False
        return all(close(item, dict.__getitem__(actual, key), options) for key, item in dict.items(expected))
    if native_type(expected, (list, tuple)) is not None:
        kind = native_type(actual, (list, tuple))
        if kind is None or kind.__len__(actual) != len(expected):
            return False
        return all(close(item, other, options) for item, other in zip(expected, kind.__iter__(actual)))
    return close_scalars(expected, actual, *options)


def close_scalars(expected, actual, rel, absolute, nan_ok):
    """As `close` of two values that have no members."""
    kind = native_type(expected, (bool, str, bytes))
    if kind is not None:
        return native_type(actual, (kind,)) is kind and kind.__eq__(expected, actual) is True
    if not is_number(expected):
        return bool(expected == actual)
    if not is_number(actual):
        return False
    actual = plain_number(actual)
    if expected != expected or actual != actual:
        return nan_ok and expected != expected and actual != actual
    if expected == actual:
        return True
    if abs(expected) == INFINITY or abs(actual) == INFINITY:
        return False
    return bool(abs(expected - actual) <= tolerance(expected, rel, absolute))


def tolerance(expected, rel, absolute):
    """The distance that is allowed, as a number of the expected one's kind where that matters."""
    kind = type(expected) if native_type(expected, NUMBERS) is None else float
    allowed = kind(str(DEFAULT_ABSOLUTE)) if absolute is None else absolute
    if rel is None and absolute is not None:
        return allowed
    return max(allowed, (kind(str(DEFAULT_RELATIVE)) if rel is None else rel) * abs(expected))


def tolerance_text(expected, options):
    """` ± 1e-06` for a number."""
    if not is_number(expected) or expected != expected or abs(expected) == INFINITY:
        return ''
    return f' ± {float(tolerance(expected, *options[:2])):.1e}'


def is_number(value):
    """Numbers of Python and of its standard library. No other class is trusted to do the arithmetic of a comparison."""
    if native_type(value, NUMBERS) is not None:
        return True
    return is_a(value, 'decimal', 'Decimal') or is_a(value, 'fractions', 'Fraction')


def plain_number(value):
    """A number of a built-in class, without what a class derived from it may do when it is subtracted."""
    kind = native_type(value, NUMBERS)
    return value if kind is None else kind.__pos__(value)
