"""
The program's files, read-only, for `open`, `pathlib` and `os.path`; and the standard streams by number. Every other path goes to the real
system, where the sandbox has the say.
"""

from .primordials import BUILTINS as __builtins__

import io
import posix

from .primordials import modules, native_type, plain_text, shared_builtins

IS_READ_ONLY = (30, 'Read-only file system')
DIRECTORY_MODE = 0o040555
FILE_MODE = 0o100444
DEVICES = {'/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2}

real_open = io.open
real = {name: getattr(posix, name) for name in ('stat', 'lstat', 'listdir', 'scandir', 'read', 'write', 'access')}
to_path = posix.fspath


class MemoryFile(io.BytesIO):
    """An open file of the program."""

    def __init__(self, data, path):
        io.BytesIO.__init__(self, data)
        self.name = path
        self.mode = 'rb'

    def writable(self):
        return False

    def write(self, data):
        raise io.UnsupportedOperation('not writable')


class Entries:
    """What `scandir` gives: an iterator that can be closed."""

    def __init__(self, entries):
        self._entries = iter(entries)

    def __iter__(self):
        return self._entries

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        return False

    def close(self):
        self._entries = iter(())


class Entry:
    """One of them, as `os.DirEntry`."""

    def __init__(self, name, path, stat):
        self.name = name
        self.path = path
        self._stat = stat

    def stat(self, *, follow_symlinks=True):
        return self._stat(self.path)

    def inode(self):
        return self.stat().st_ino

    def is_dir(self, *, follow_symlinks=True):
        return self.stat().st_mode == DIRECTORY_MODE

    def is_file(self, *, follow_symlinks=True):
        return self.stat().st_mode == FILE_MODE

    def is_symlink(self):
        return False

    def is_junction(self):
        return False

    def __fspath__(self):
        return self.path


class FileSystem:
    """Stands before the interpreter's own functions."""

    def __init__(self, program, streams):
        self._program = program
        self._streams = streams
        try:
            self._here = posix.getcwd().split('/')
        except OSError:
            self._here = ['']

    def install(self):
        """Puts these functions where programs look for them."""
        shared_builtins.open = io.open = self.open
        io.open_code = self.open_code
        names = {'stat': self.stat, 'lstat': self.lstat, 'listdir': self.listdir, 'access': self.access}
        names |= {'scandir': self.scandir, 'read': self.read, 'write': self.write}
        for module in (posix, modules.get('os')):
            for name in names if module is not None else ():
                setattr(module, name, names[name])
        if 'tokenize' in modules:
            # It took `open` when it was loaded; tracebacks read lines through it.
            modules['tokenize']._builtin_open = self.open

    def open(self, file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
        """As the built-in `open`."""
        number = self._stream_number(file)
        if number is not None and opener is None:
            return self._streams.open(number, mode, buffering, encoding, errors, newline)
        path = self._own_path(file)
        if path is None or path not in self._program.files or opener is not None:
            return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if any(letter in mode for letter in 'wax+'):
            raise OSError(*IS_READ_ONLY, file)
        data = MemoryFile(self._program.files[path].encode('utf-8', 'surrogatepass'), file)
        if 'b' in mode:
            return data
        text = io.TextIOWrapper(data, encoding or 'utf-8', errors, newline)
        text.mode = mode
        return text

    def open_code(self, path):
        """As `io.open_code`, through which `runpy` reads a script."""
        return self.open(path, 'rb')

    def stat(self, path, *, dir_fd=None, follow_symlinks=True):
        """As `os.stat`."""
        found = self._status(path)
        return found or real['stat'](path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    def lstat(self, path, *, dir_fd=None):
        """As `os.lstat`."""
        return self._status(path) or real['lstat'](path, dir_fd=dir_fd)

    def access(self, path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
        """As `os.access`: the program's files can be read, not written."""
        if self._status(path) is None:
            return real['access'](path, mode, dir_fd=dir_fd, effective_ids=effective_ids, follow_symlinks=follow_symlinks)
        return not mode & posix.W_OK

    def listdir(self, path='.'):
        """As `os.listdir`."""
        folder = self._own_path(path)
        if folder not in self._program.directories:
            return real['listdir'](path)
        start = folder + '/' if folder else ''
        known = [*self._program.files, *self._program.directories]
        return sorted({name[len(start) :].split('/')[0] for name in known if name.startswith(start) and name != folder})

    def scandir(self, path='.'):
        """As `os.scandir`."""
        folder = self._own_path(path)
        if folder not in self._program.directories:
            return real['scandir'](path)
        start = to_path(path)
        start = start if start == '' or start.endswith('/') else start + '/'
        return Entries([Entry(name, start + name, self.stat) for name in self.listdir(path)])

    def read(self, descriptor, size, /):
        """As `os.read`."""
        return self._streams.read(size) if descriptor == 0 else real['read'](descriptor, size)

    def write(self, descriptor, data, /):
        """As `os.write`."""
        return self._streams.write(descriptor, data) if descriptor in (1, 2) else real['write'](descriptor, data)

    def _stream_number(self, file):
        if native_type(file, (int,)) is int and 0 <= int.__int__(file) <= 2:
            return int.__int__(file)
        return DEVICES.get(file) if type(file) is str else None

    def _status(self, path):
        own = self._own_path(path)
        if own is None:
            return None
        content = self._program.files.get(own)
        if content is None:
            return posix.stat_result((DIRECTORY_MODE, 1, 1, 1, 0, 0, 0, 0, 0, 0)) if own in self._program.directories else None
        return posix.stat_result((FILE_MODE, 2, 1, 1, 0, 0, len(content.encode('utf-8', 'surrogatepass')), 0, 0, 0))

    def _own_path(self, path):
        """The path below the working directory that something means, without `.` and `..`; None when it is elsewhere."""
        if native_type(path, (int,)) is int:
            return None
        try:
            name = to_path(path)
        except TypeError:
            return None
        name = name.decode('utf-8', 'surrogateescape') if isinstance(name, bytes) else plain_text(name)
        steps = []
        for step in name.split('/') if name.startswith('/') else [*self._here, *name.split('/')]:
            if step == '..':
                del steps[-1:]
            elif step not in ('', '.'):
                steps.append(step)
        here = [step for step in self._here if step]
        return '/'.join(steps[len(here) :]) if steps[: len(here)] == here else None
