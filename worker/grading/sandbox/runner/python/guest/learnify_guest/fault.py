"""Why a step gave no result."""

from .primordials import BUILTINS as __builtins__


class Fault(BaseException):
    """
    Ends a step with a verdict. Not an Exception, so that a program which catches every Exception around an import does not catch it.
    """

    def __init__(self, verdict, message):
        self.verdict = verdict
        self.message = message
