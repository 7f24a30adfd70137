"""What `assert` becomes in the author's files, and the text of an expectation that does not hold."""

from ..primordials import BUILTINS as __builtins__

from ..primordials import native_type, plain_text, printable
from .outcomes import Failed

MAX_VALUE_CHARS = 400
MAX_TEXT_CHARS = 2000

COMPARE = {
    '==': lambda a, b: a == b,
    '!=': lambda a, b: a != b,
    '<': lambda a, b: a < b,
    '<=': lambda a, b: a <= b,
    '>': lambda a, b: a > b,
    '>=': lambda a, b: a >= b,
    'is': lambda a, b: a is b,
    'is not': lambda a, b: a is not b,
    'in': lambda a, b: a in b,
    'not in': lambda a, b: a not in b,
}


class Asserter:
    """Judges the assertions that a Rewriter numbered."""

    def __init__(self, assertions, trust):
        self._assertions = assertions
        self._trust = trust
        self._failed_values = ()
        self._failed_operator = None

    def check(self, number, *values):
        """Whether an assertion holds; its values are remembered when it does not."""
        assertion = self._assertions[number]
        self._failed_operator = None
        self._failed_values = values
        if not assertion.operators:
            return bool(values[0]) is not assertion.is_negated
        holds = all(self._holds(operator, values[index], values[index + 1]) for index, operator in enumerate(assertion.operators))
        return holds is not assertion.is_negated

    def _holds(self, operator, left, right):
        holds = bool(COMPARE[operator](left, right))
        if holds and operator == '==':
            holds = not self._trust.misleads(left, right)
        if not holds:
            self._failed_operator = operator
            self._failed_values = (left, right)
        return holds

    def fail(self, number, message=None):
        """Raises what the learner reads about the assertion that was checked last."""
        assertion = self._assertions[number]
        lines = [self._expectation(assertion)]
        if message is not None:
            lines.append(message_text(message))
        lines.append('assert ' + assertion.text)
        raise Failed('\n'.join(lines))

    def _expectation(self, assertion):
        values, operator = self._failed_values, self._failed_operator
        if assertion.is_negated or operator is None:
            if not assertion.operators:
                return f'expected a {"false" if assertion.is_negated else "true"} value, got {shown(values[0])}'
            return f'expected not {shown(values[0])} {assertion.operators[0]} {shown(values[1])}'
        left, right = values
        if operator in ('==', 'is'):
            return expectation(right, left) if not assertion.expects_first else expectation(left, right)
        return f'expected {shown(left)} {operator} {shown(right)}'


def expectation(expected, actual):
    """`expected 6, got 5`, and where two long lists differ first."""
    text = f'expected {shown(expected)}, got {shown(actual)}'
    kind = native_type(expected, (list, tuple, str))
    if kind is None or native_type(actual, (list, tuple, str)) is not kind or len(text) < 80:
        return text
    for index, (wanted, got) in enumerate(zip(kind.__iter__(expected), kind.__iter__(actual))):
        if differ(wanted, got):
            return f'{text}\nfirst difference at index {index}: expected {shown(wanted)}, got {shown(got)}'
    return f'{text}\nexpected length {kind.__len__(expected)}, got {kind.__len__(actual)}'


def differ(one, other):
    """Whether two values differ, as far as they can tell."""
    try:
        return bool(one != other)
    except Exception:
        return False


def shown(value):
    """A value as Python writes it, clipped; its `__repr__` may be learner code."""
    try:
        text = plain_text(repr(value))
    except MemoryError:
        raise
    except Exception:
        text = f'<{type(value).__name__} that cannot be shown>'
    return printable(text, MAX_VALUE_CHARS)


def message_text(message):
    """The author's own words about an assertion."""
    return printable(plain_text(message), MAX_TEXT_CHARS) if native_type(message, (str,)) is str else shown(message)
