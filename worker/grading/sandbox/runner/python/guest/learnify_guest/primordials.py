"""
Built-ins as they were before any learner code. A module that says `from .primordials import BUILTINS as __builtins__` first has
functions that never see a patched `len` or `isinstance`: a function looks built-ins up in what its globals said when it was defined.
Methods of built-in types cannot be patched, so plain syntax and `text.join(...)` are safe on values whose exact type is known.
"""

import builtins
import sys

BUILTINS = __builtins__ = dict(builtins.__dict__)

modules = sys.modules
get_recursion_limit = sys.getrecursionlimit
set_recursion_limit = sys.setrecursionlimit
set_trace = sys.settrace
set_profile = sys.setprofile
#: The module where `builtins.open` and the like are patched for the program.
shared_builtins = builtins

type_name = type.__dict__['__name__'].__get__
type_mro = type.__dict__['__mro__'].__get__
type_members = type.__dict__['__dict__'].__get__
traceback_of = BaseException.__dict__['__traceback__'].__get__
ModuleType = type(sys)
FUNCTION_TYPES = (type(lambda: None), type(len), type(str.join), type([].__len__), type(type.mro))


def native_type(value, kinds):
    """The first of the built-in types `kinds` that the value's class really derives from, whatever its `__class__` says; or None."""
    for base in type_mro(type(value)):
        for kind in kinds:
            if base is kind:
                return kind
    return None


def plain_text(value):
    """An exact `str` of a string, whose class may be the learner's."""
    return str.__str__(value)


def printable(text, length):
    """Text that any channel can carry (no lone surrogates), clipped to so many characters."""
    if len(text) > length:
        text = text[:length] + '…'
    return text.encode('utf-8', 'backslashreplace').decode('utf-8')
