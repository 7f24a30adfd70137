"""Notices when learner code changed the classes that judge it."""

from ..primordials import BUILTINS as __builtins__

import _operator

from ..primordials import type_members

is_same = _operator.is_
FunctionType = type(lambda: None)
code_of = FunctionType.__dict__['__code__'].__get__


class Seal:
    """The methods of some classes and their code, as they are when the seal is made."""

    def __init__(self, kinds):
        self._kinds = []
        for kind in kinds:
            members = {name: value for name, value in type_members(kind).items() if type(value) is FunctionType}
            self._kinds.append((kind, [*members], [*members.values()], [*map(code_of, members.values())]))

    def is_broken(self):
        """Whether any of them is not the same."""
        return not all(map(self._is_whole, self._kinds))

    def _is_whole(self, sealed):
        kind, names, functions, codes = sealed
        now = [*map(type_members(kind).get, names)]
        return all(map(is_same, now, functions)) and all(map(is_same, map(code_of, now), codes))
