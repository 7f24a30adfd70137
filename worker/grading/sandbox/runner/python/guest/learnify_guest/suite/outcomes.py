"""The ways in which a case ends, other than by passing or by an exception of the program."""

from ..primordials import BUILTINS as __builtins__


class Failed(AssertionError):
    """An expectation does not hold. Its text is for the learner."""


class Skipped(BaseException):
    """The author's code skips the case."""


class ExpectedFailure(BaseException):
    """The author's code says that the case may fail, and that it does now."""
