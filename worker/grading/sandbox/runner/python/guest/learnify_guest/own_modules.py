"""The modules of the harness and of what runs it: learner code is not to come across them in `sys.modules`."""

from .primordials import BUILTINS as __builtins__

from .primordials import modules

PREFIX = 'learnify_'

#: Their names. Kept, since looking through all modules in a forked child would touch the memory of every name, and so copy it.
noted = set()


def note_own_modules():
    """To be called when modules of the harness have been imported."""
    noted.update(name for name in [*modules] if name.startswith(PREFIX))


def forget_own_modules():
    """Takes them out of `sys.modules`. Whoever holds them already has them still; they cannot be imported any more."""
    for name in noted:
        modules.pop(name, None)
