"""The arguments of a call."""

from .primordials import BUILTINS as __builtins__

import _json


class _Reading:
    """What the decoder in C asks about how to read."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


#: `json.loads` without loading `json`. The text comes from the worker and is JSON without spaces around it.
_scan = _json.make_scanner(_Reading)


def parse_json(text):
    """Fresh values of JSON text."""
    return _scan(text, 0)[0]
