"""The fixtures that pytest brings along, as far as they make sense in a sandbox."""

from ..primordials import BUILTINS as __builtins__

import io
import sys

from ..primordials import modules
from .fixtures import Fixture
from .outcomes import Failed

MISSING = object()

real_import = __import__


class Capture:
    """`capsys`: what was printed since the last look."""

    def __init__(self):
        self._real = (sys.stdout, sys.stderr)
        self._seen = ['', '']
        self._start()

    def _start(self):
        self._streams = sys.stdout, sys.stderr = io.StringIO(), io.StringIO()

    def readouterr(self):
        """Takes what was printed, as `.out` and `.err`."""
        result = CaptureResult(*(stream.getvalue() for stream in self._streams))
        for stream in self._streams:
            stream.seek(0)
            stream.truncate()
        self._seen = [seen + text for seen, text in zip(self._seen, result)]
        return result

    def disabled(self):
        """A context in which printing is not captured."""
        return Uncaptured(self)

    def suspend(self):
        """Hands what was printed on to the real streams and puts them back."""
        self.readouterr()
        sys.stdout, sys.stderr = self._real
        for stream, text in zip(self._real, self._seen):
            stream.write(text)
        self._seen = ['', '']

    def resume(self):
        """Captures again."""
        self._start()


class Uncaptured:
    """`with capsys.disabled():`."""

    def __init__(self, capture):
        self._capture = capture

    def __enter__(self):
        self._capture.suspend()

    def __exit__(self, kind, value, trace):
        self._capture.resume()


class CaptureResult(tuple):
    """The pair `(out, err)`."""

    def __new__(cls, out, err):
        return tuple.__new__(cls, (out, err))

    out = property(lambda self: self[0])
    err = property(lambda self: self[1])


def capsys():
    """Captures what is printed during a test."""
    capture = Capture()
    yield capture
    capture.suspend()


class MonkeyPatch:
    """Changes that are undone after the test."""

    def __init__(self):
        self._undo = []

    def setattr(self, target, name, value=MISSING, raising=True):
        """Sets an attribute: of an object, or named as `'module.attribute'`."""
        if isinstance(target, str):
            # Then the second argument is the value.
            path, _, attribute = target.rpartition('.')
            target, name, value = resolve(path), attribute, name
        before = getattr(target, name, MISSING)
        if raising and before is MISSING:
            raise AttributeError(f'{target!r} has no attribute {name!r}')
        if isinstance(target, type):
            # Not what it inherits, and a static method as one.
            before = vars(target).get(name, MISSING)
        self._undo.append(lambda: delattr(target, name) if before is MISSING else setattr(target, name, before))
        setattr(target, name, value)

    def delattr(self, target, name, raising=True):
        """Deletes an attribute."""
        if not hasattr(target, name):
            if raising:
                raise AttributeError(name)
            return
        before = getattr(target, name)
        self._undo.append(lambda: setattr(target, name, before))
        delattr(target, name)

    def setitem(self, mapping, key, value):
        """Sets an item of a dictionary or list."""
        before = self._item(mapping, key)
        self._undo.append(lambda: mapping.pop(key, None) if before is MISSING else mapping.__setitem__(key, before))
        mapping[key] = value

    def delitem(self, mapping, key, raising=True):
        """Deletes an item."""
        before = self._item(mapping, key)
        if before is MISSING:
            if raising:
                raise KeyError(key)
            return
        self._undo.append(lambda: mapping.__setitem__(key, before))
        del mapping[key]

    def _item(self, mapping, key):
        try:
            return mapping[key]
        except (KeyError, IndexError):
            return MISSING

    def setenv(self, name, value, prepend=None):
        """Sets an environment variable."""
        environment = self._environment()
        before = environment.get(name)
        self.setitem(environment, name, value if prepend is None or before is None else value + prepend + before)

    def delenv(self, name, raising=True):
        """Deletes an environment variable."""
        self.delitem(self._environment(), name, raising)

    def _environment(self):
        real_import('os')
        return modules['os'].environ

    def syspath_prepend(self, path):
        """Puts a directory before the others where modules are looked for."""
        before = list(sys.path)
        self._undo.append(lambda: sys.path.__setitem__(slice(None), before))
        sys.path.insert(0, str(path))

    def context(self):
        """A context with changes of its own."""
        return PatchContext()

    def undo(self):
        """Undoes all changes, the last first."""
        while self._undo:
            self._undo.pop()()


class PatchContext:
    """`with monkeypatch.context() as patch:`."""

    def __enter__(self):
        self._patch = MonkeyPatch()
        return self._patch

    def __exit__(self, kind, value, trace):
        self._patch.undo()


def resolve(path):
    """The object that `module.sub.attribute` names."""
    head, *rest = path.split('.')
    found = real_import(head)
    for name in rest:
        head += '.' + name
        if not hasattr(found, name):
            real_import(head)
        found = getattr(found, name)
    return found


def monkeypatch():
    """Changes that are undone after the test."""
    patch = MonkeyPatch()
    yield patch
    patch.undo()


def impossible(name):
    """A fixture that needs what no program here may do."""

    def refuse():
        raise Failed(f'the fixture `{name}` needs a file system that can be written, which there is not')

    return Fixture(refuse, name=name)


def builtin_fixtures():
    """All of them by name."""
    known = [Fixture(capsys), Fixture(capsys, name='capfd'), Fixture(monkeypatch)]
    known += [impossible(name) for name in ('tmp_path', 'tmpdir', 'tmp_path_factory', 'tmpdir_factory')]
    return {made.name: made for made in known}
