"""A warm Python interpreter that serves each submission in a forked child. Entry of a runner process: `fork_server.py FILTER`.

FILTER is the seccomp filter of a child, in hexadecimal. This process is the spawner of `native/spawning.py`: it forks the children, each of
which locks itself in, waits, gets one program and is killed after it. It forks supervisors, too, one after the other, which speak the
protocol of `sandbox/protocol.ts` on stdin and stdout. Neither runs learner code, and no child reaches the two streams.
"""

import gc
import json
import os
import signal
import sys
import warnings

_HERE = os.path.dirname(os.path.abspath(__file__))
_PYTHON = os.path.dirname(_HERE)
_MAX_REQUEST_BYTES = 16 * 1024 * 1024

#: Extension modules that no child needs, or that are of no use in one. All others are loaded here, since a child can load no machine code.
_NOT_LOADED = ('_ctypes', '_test', '_xx', 'xx', '_tkinter', '_curses', 'readline', '_dbm', '_gdbm', 'ossaudiodev', 'nis', '_ssl')


def main():
    standard_path = sys.path[1:]
    sys.path[:] = [_PYTHON, os.path.join(_PYTHON, 'guest'), *standard_path]
    import learnify_guest
    from native.child import Child
    from native.confinement import Confinement, address_space_bytes
    from native.spawning import serve_supervisor
    from native.supervision import run_submission

    confinement = Confinement(bytes.fromhex(sys.argv[1]))
    sys.argv[:] = ['']
    learnify_guest.warm()
    _load_extension_modules(standard_path)
    sys.path[:] = standard_path
    gc.collect()
    gc.freeze()
    # Waited for, see `native/spawning.py`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    null = os.open('/dev/null', os.O_RDWR)
    base_bytes = address_space_bytes()

    def supervise(spawner, is_first):
        """Serves requests until they end or the spawner's pipes do; answers whether there may be more requests."""
        while spawner.has_pipes():
            child = Child(spawner)
            child.wait_until_confined()
            if is_first:
                _send({'type': 'ready', 'engine': f'cpython {sys.version.split()[0]} (native)'})
                is_first = False
            request = _receive()
            if request is None:
                child.end()
                return False
            run_submission(child, request, base_bytes, lambda outcome: _send({'type': 'outcome', 'outcome': outcome}))
        return True

    is_first = True
    while serve_supervisor(lambda spawner: supervise(spawner, is_first), confinement, null):
        is_first = False


def _load_extension_modules(search_path):
    directories = [path for path in search_path if path.endswith('lib-dynload') and os.path.isdir(path)]
    names = {name.partition('.')[0] for path in directories for name in os.listdir(path) if name.endswith('.so')}
    with warnings.catch_warnings():
        # Some announce that a later Python will not have them.
        warnings.simplefilter('ignore')
        for name in sorted(names):
            if name.startswith(_NOT_LOADED):
                continue
            try:
                __import__(name)
            # Built for a library that this machine does not have: a program that needs it is told so when it asks.
            except ImportError:
                continue


def _receive():
    header = _read_exactly(4)
    if header is None:
        return None
    length = int.from_bytes(header, 'big')
    if length > _MAX_REQUEST_BYTES:
        raise ValueError(f'a request of {length} bytes is over the limit of {_MAX_REQUEST_BYTES}')
    body = _read_exactly(length)
    return None if body is None else json.loads(body)


def _read_exactly(count):
    data = bytearray()
    while len(data) < count:
        chunk = os.read(0, count - len(data))
        if not chunk:
            return None
        data += chunk
    return data


def _send(message):
    body = json.dumps(message).encode()
    rest = memoryview(len(body).to_bytes(4, 'big') + body)
    while rest:
        rest = rest[os.write(1, rest) :]


main()
