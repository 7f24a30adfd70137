"""
Answers as JSON text, written by hand: `json` obeys what learner code overrides and writes NaN. Tuples, sets, iterators and the like are
lists; sets are sorted where their items can be. Decimals are numbers with all their digits.
"""

from .primordials import BUILTINS as __builtins__

import _json
import sys

from .fault import Fault
from .primordials import FUNCTION_TYPES, ModuleType, modules, native_type, plain_text, printable, type_members, type_mro, type_name

MAX_DEPTH = 200
MAX_CHARS = 1_000_000
MAX_DESCRIPTION_CHARS = 400
#: More binary digits than a number of so many characters can have.
MAX_INT_BITS = MAX_CHARS * 4

quote = _json.encode_basestring_ascii
write_int = int.__repr__
write_float = float.__repr__
#: Which kind of value a class derives from decides how it is written; a bool is an int, so it is asked before.
SCALARS = (bool, str, int, float)
CONTAINERS = (dict, list, tuple, set, frozenset)
PLAIN_ITEMS = {str: quote, int: write_int}


class NotJson(Exception):
    """The answer has a part that JSON cannot say."""


def write_answer(value):
    """JSON text of any value. Raises NotJson with a description, Fault when the text is too long, and what learner code raises."""
    set_limit = getattr(sys, 'set_int_max_str_digits', None)
    if set_limit is None:
        return Writer().write(value, (), 0)
    # Only str() of numbers is meant to be limited; the length of an answer is limited here.
    limit = sys.get_int_max_str_digits()
    set_limit(0)
    try:
        return Writer().write(value, (), 0)
    finally:
        set_limit(limit)


class Writer:
    """Writes one answer and counts its characters."""

    def __init__(self):
        self._room = MAX_CHARS
        self._ancestors = set()

    def write(self, value, path, depth):
        """`path` is a chain of pairs: where the value is, for messages."""
        kind = type(value)
        if value is None:
            return self._count('null')
        if kind is not str and kind is not int:
            kind = native_type(value, SCALARS)
        if kind is not None:
            return self._count(self._scalar(value, kind, path))
        if depth >= MAX_DEPTH:
            raise NotJson(f'nested deeper than {MAX_DEPTH} levels')
        identity = id(value)
        if identity in self._ancestors:
            refuse('a cyclic structure', path)
        self._ancestors.add(identity)
        text = self._compound(value, path, depth + 1)
        self._ancestors.discard(identity)
        return text

    def _count(self, text):
        self._room -= len(text) + 1
        if self._room < 0:
            too_large()
        return text

    def _scalar(self, value, kind, path):
        if kind is bool:
            return 'true' if value else 'false'
        if kind is str:
            return quote(plain_text(value))
        if kind is int:
            return write_int(value) if int.bit_length(value) <= MAX_INT_BITS else too_large()
        text = write_float(value)
        return refuse(text, path) if text in ('nan', 'inf', '-inf') else text

    def _compound(self, value, path, depth):
        kind = native_type(value, CONTAINERS)
        if kind is dict:
            return self._object(dict.items(value), path, depth)
        if kind in (set, frozenset):
            return self._set(list(kind.__iter__(value)), path, depth)
        if kind is not None:
            return self._list(kind.__iter__(value), path, depth)
        return self._other(value, path, depth)

    def _object(self, items, path, depth):
        members = []
        for key, item in items:
            name = self._key(key, path)
            members.append(self._count(quote(name)) + ':' + self.write(item, (path, name), depth))
        return self._count('{}')[0] + ','.join(members) + '}'

    def _key(self, key, path):
        kind = native_type(key, SCALARS)
        if kind is str:
            return plain_text(key)
        if kind is int:
            return write_int(key)
        if kind is bool:
            return 'true' if key else 'false'
        if kind is float:
            return write_float(key)
        if key is None:
            return 'null'
        member = enum_value(key)
        if member is not None:
            return self._key(member[0], path)
        return refuse(f'a dictionary with a key of type {type_name(type(key))}', path)

    def _list(self, items, path, depth):
        if type(items) in SIZED_ITERATORS:
            items = list(items)
            kinds = set(map(type, items))
            write = PLAIN_ITEMS.get(kinds.pop()) if len(kinds) == 1 and len(items) > 8 else None
            if write is not None and (write is quote or max(map(int.bit_length, items)) < 1000):
                return '[' + self._count(','.join(map(write, items))) + ']'
        written = []
        index = 0
        for item in items:
            written.append(self.write(item, (path, index), depth))
            index += 1
        return self._count('[]')[0] + ','.join(written) + ']'

    def _set(self, items, path, depth):
        kinds = set(map(type, items))
        if kinds <= {int, float, bool} or kinds <= {str}:
            items.sort()
            return self._list(iter(items), path, depth)
        written = []
        for item in items:
            written.append(self.write(item, (path, len(written)), depth))
        written.sort()
        return '[' + ','.join(written) + ']'

    def _other(self, value, path, depth):
        special = self._special(value, path, depth)
        if special is not None:
            return special
        members = [name for base in type_mro(type(value)) for name in type_members(base)]
        if 'keys' in members and '__getitem__' in members:
            return self._object([(key, value[key]) for key in value.keys()], path, depth)
        if '__iter__' in members and native_type(value, BINARY) is None:
            return self._list(iter(value), path, depth)
        return refuse(self._describe(value), path)

    def _special(self, value, path, depth):
        """Enum members, dataclasses, numbers and dates of the standard library."""
        member = enum_value(value)
        if member is not None:
            return self.write(member[0], path, depth)
        fields = dataclass_fields(value)
        if fields is not None:
            return self._object([(name, getattr(value, name)) for name in fields], path, depth)
        if is_a(value, 'decimal', 'Decimal'):
            text = standard_class('decimal', 'Decimal').__str__(value)
            return self._count(text) if text.strip('-+.eE0123456789') == '' else refuse(text, path)
        if is_a(value, 'fractions', 'Fraction'):
            return self._count(quote(plain_text(str(value))))
        if is_a(value, 'datetime', 'date') or is_a(value, 'datetime', 'time'):
            return self._count(quote(plain_text(value.isoformat())))
        return None

    def _describe(self, value):
        kind = native_type(value, (*BINARY, *FUNCTION_TYPES, complex, type, ModuleType))
        if kind in BINARY:
            return f'{type_name(kind)} of {kind.__len__(value)} bytes'
        if kind in FUNCTION_TYPES:
            return 'a function'
        if kind is complex:
            return f'the complex number {complex.__repr__(value)}'
        if kind is type:
            return f'the class {type_name(value)}'
        return 'a module' if kind is ModuleType else f'an object of class {type_name(type(value))}'


BINARY = (bytes, bytearray, memoryview)
#: Iterators over what is in memory already, so they may be made a list at once.
SIZED_ITERATORS = (type(iter([])), type(iter(())))


def too_large():
    """Raises the fault of an answer that is too long."""
    raise Fault('output_limit', 'the returned value is larger than 1 MB of JSON')


def refuse(what, path):
    """Raises NotJson with the place of the value."""
    place = ''
    while path != ():
        path, step = path
        place = f'/{step}{place}'
    raise NotJson(printable(what + (f' at {place}' if place else ''), MAX_DESCRIPTION_CHARS))


def standard_class(module, name):
    """A class of a standard module, None while nobody has imported it."""
    found = getattr(modules.get(module), name, None)
    return found if isinstance(found, type) else None


def is_a(value, module, name):
    """Whether a value is an instance of such a class, or of one derived from it."""
    kind = standard_class(module, name)
    return kind is not None and native_type(value, (kind,)) is not None


def enum_value(value):
    """The value of an Enum member in a tuple, or None."""
    return (value.value,) if is_a(value, 'enum', 'Enum') else None


def dataclass_fields(value):
    """Names of the fields of a dataclass instance, or None."""
    for base in type_mro(type(value)):
        fields = type_members(base).get('__dataclass_fields__')
        if type(fields) is dict:
            return [name for name, field in fields.items() if getattr(field._field_type, 'name', '') == '_FIELD']
    return None
