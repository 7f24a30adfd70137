"""
Equality that learner code cannot simply claim. Python asks the objects themselves whether they are equal, so an answer whose `__eq__`
always says yes would pass every test. Here Python still decides, but where a class of the learner was asked about a value that is not
its own, it must also be able to say no.
"""

from ..primordials import BUILTINS as __builtins__

import sys

from ..primordials import ModuleType, modules, native_type, type_members, type_mro
from ..program import module_members

SEQUENCES = (list, tuple)
MAPPINGS = (dict,)
SETS = (set, frozenset)
SCALARS = (bool, int, float, complex, str, bytes, bytearray, type(None))
FunctionType = type(native_type)
STANDARD = sys.stdlib_module_names


class Trust:
    """Knows which code is not the learner's: that of the standard library, of the author's files and of the harness."""

    def __init__(self, program):
        self._program = program
        #: Namespaces of the harness and of the author's own `unittest`.
        self.own_globals = []

    def misleads(self, one, other):
        """Whether two values that said they are equal did so only because a class of the learner says so of anything."""
        return self._misleads(one, other, 0)

    def _misleads(self, one, other, depth):
        if one is other or depth > 200:
            return False
        one_own, other_own = self.has_own_equality(one), self.has_own_equality(other)
        if one_own and other_own:
            return False
        if one_own:
            return self._claims(one, other)
        if other_own:
            return self._claims(other, one)
        return self._members_mislead(one, other, depth + 1)

    def _members_mislead(self, one, other, depth):
        kind, other_kind = native_type(one, CONTAINERS), native_type(other, CONTAINERS)
        if kind in SEQUENCES and other_kind is kind:
            if are_plain(one) and are_plain(other):
                return False
            return any(self._misleads(a, b, depth) for a, b in zip(kind.__iter__(one), kind.__iter__(other)))
        if kind is dict and other_kind is dict:
            if all(map(are_plain, (one, other, dict.values(one), dict.values(other)))):
                return False
            return self._keys_mislead(one, other) or any(
                self._misleads(item, dict.get(other, key), depth) for key, item in dict.items(one)
            )
        if kind in SETS and other_kind in SETS and not (are_plain(one) and are_plain(other)):
            return self._keys_mislead(kind.__iter__(one), other_kind.__iter__(other))
        return False

    def _keys_mislead(self, one, other):
        """A key of the learner's class that took the place of one that is not."""
        return self._has_own_keys(one) != self._has_own_keys(other)

    def _has_own_keys(self, keys):
        return any(self.has_own_equality(key) for key in keys)

    def _claims(self, own, value):
        """`own` is the learner's. What is derived from a built-in class is compared as that; any other value must deny some decoys."""
        kind, other_kind = native_type(own, BUILT_IN), native_type(value, BUILT_IN)
        if kind is not None and other_kind is not None:
            is_equal = True in (kind.__eq__(own, value), other_kind.__eq__(value, own))
            return not is_equal or self._members_mislead(own, value, 1)
        if any(says_equal(own, decoy) for decoy in STRANGERS):
            return True
        # An honest class may find some of these equal too: a number modulo seven is equal to many.
        likes = likes_of(value)
        return 2 * sum(says_equal(own, decoy) for decoy in likes) > len(likes)

    def claims_anything(self, value):
        """Whether a value of a class of the learner says that it equals what it cannot know."""
        return self.has_own_equality(value) and says_equal(value, Decoy())

    def has_own_equality(self, value):
        """Whether comparing the value runs code of the learner."""
        for base in type_mro(type(value)):
            method = type_members(base).get('__eq__')
            if method is not None:
                return type(method) is not SLOT and not self._is_known(method)
        return False

    def _is_known(self, method):
        if type(method) is not FunctionType:
            return False
        names = method.__globals__
        if any(names is known for known in [*self.own_globals, *self._program.author_globals]):
            return True
        if self._program.module is not None and names is module_members(self._program.module):
            return False
        name = names.get('__name__')
        module = modules.get(name) if type(name) is str else None
        is_standard = name in STANDARD and type(module) is ModuleType and module_members(module) is names
        return is_standard and method.__code__.co_filename not in self._program.files


CONTAINERS = SEQUENCES + MAPPINGS + SETS
BUILT_IN = SCALARS + CONTAINERS
SLOT = type(object.__eq__)


PLAIN = {id(kind) for kind in SCALARS}


def are_plain(items):
    """Whether all items are of built-in scalar classes themselves; quick, since answers may be long."""
    kind = native_type(items, CONTAINERS)
    # By identity, as comparing classes would ask their metaclass.
    return set(map(id, map(type, items if kind is None else kind.__iter__(items)))) <= PLAIN


class Decoy:
    """Equal to nothing."""

    __slots__ = ()


#: What equals nothing that a test expects.
STRANGERS = (Decoy(), 'learnify', -987_654_321.123_456_789, [Decoy()], (Decoy(),), {'learnify': 1})


def says_equal(own, decoy):
    """What the learner's class says about something it never saw; when it cannot say, it does not claim it."""
    try:
        return bool(own == decoy)
    except Exception:
        return False


def likes_of(value):
    """Values of the same kind that differ from this one."""
    kind = native_type(value, BUILT_IN)
    decoys = []
    if kind in (bool, int, float, complex):
        decoys += [value + 1, value - 1, value * 2 + 7, -value - 3]
    elif kind is str:
        decoys += [value + '.', value[1:] + '~', value + value + ' ']
    elif kind in SEQUENCES:
        decoys += [kind.__add__(value, kind((Decoy(),))), kind((*value, 0)), kind([1, *value, 2])]
    elif kind is dict:
        decoys += [{**value, 'learnify': 1}, {'learnify': value}]
    elif kind in SETS:
        decoys += [kind((*value, 'learnify')), kind(('learnify',))]
    return decoys
