import type { HostileCase } from './hostile-suite.ts';
import { ERROR, TIME, WRONG } from './verdicts.ts';

/** Attacks on the walls and on the harness by the code of `f(n)`, for every engine of Python. */
export const pythonEscapes: HostileCase[] = [
  // ---- getting out ----
  { name: 'environment', code: 'def f(n):\n    import os\n    return dict(os.environ)\n', verdicts: WRONG },
  { name: 'reading /etc/passwd', code: 'def f(n):\n    return open("/etc/passwd").read()\n', verdicts: ERROR },
  {
    name: 'reading what /proc tells',
    code: 'def f(n):\n    return open("/proc/self/environ").read() + open("/proc/self/maps").read()\n',
    verdicts: ERROR,
  },
  {
    name: 'listing directories',
    code: 'def f(n):\n    import os\n    found = []\n    for p in ("/", "/root", "/home", "/etc", "/tmp", "/proc", "/proc/1", "/work"):\n        try:\n            found += [n for n in os.listdir(p) if n in ("passwd", "work", "shadow", "root")]\n        except OSError:\n            pass\n    return found or "nothing"\n',
    verdicts: WRONG,
  },
  {
    name: 'writing files',
    code: 'def f(n):\n    import os\n    for p in ("/tmp/x", "x", "/x", "/dev/shm/x", "/var/tmp/x", os.path.expanduser("~/x")):\n        try:\n            with open(p, "w") as h:\n                h.write("1")\n            return 1 if open(p).read() == "1" else "empty"\n        except OSError:\n            pass\n    return "nowhere"\n',
    verdicts: WRONG,
  },
  {
    name: 'making directories and links',
    code: 'def f(n):\n    import os\n    made = []\n    for what in (lambda: os.mkdir("/tmp/d"), lambda: os.mkdir("/d"), lambda: os.symlink("/etc/passwd", "/l"), lambda: os.link("/etc/passwd", "/h"), lambda: os.mkdir("d"), lambda: os.mkfifo("/p")):\n        try:\n            what()\n            made.append(1)\n        except (OSError, AttributeError):\n            pass\n    return made or "nothing"\n',
    verdicts: WRONG,
  },
  {
    name: 'os.system',
    code: 'def f(n):\n    import os\n    return os.system("id > /tmp/id")\n',
    verdicts: [...ERROR, ...WRONG],
  },
  {
    name: 'subprocess',
    code: 'def f(n):\n    import subprocess\n    return subprocess.run(["/bin/sh", "-c", "id"], capture_output=True).stdout.decode()\n',
    verdicts: ERROR,
  },
  {
    name: 'exec in its place',
    code: 'def f(n):\n    import os\n    os.execv("/bin/sh", ["sh", "-c", "echo 1"])\n',
    verdicts: ERROR,
  },
  {
    name: 'fork',
    code: 'def f(n):\n    import os\n    pid = os.fork()\n    if pid == 0:\n        while True: pass\n    return 1 if pid > 0 else 2\n',
    verdicts: ERROR,
  },
  {
    name: 'fork bomb through multiprocessing',
    code: 'def f(n):\n    import multiprocessing\n    multiprocessing.Process(target=print).start()\n    return 2\n',
    verdicts: ERROR,
  },
  {
    name: 'threads that never end',
    code: 'def f(n):\n    import threading\n    def spin():\n        while True: pass\n    for _ in range(20):\n        threading.Thread(target=spin, daemon=True).start()\n    return 2\n',
    verdicts: [...WRONG, ...ERROR, ...TIME],
  },
  {
    name: 'a thread that is left behind',
    code: 'def f(n):\n    import _thread\n    _thread.start_new_thread(lambda: [None for _ in iter(int, 1)], ())\n    return 2\n',
    verdicts: [...WRONG, ...ERROR, ...TIME],
  },
  {
    name: 'sockets',
    code: 'def f(n):\n    import socket\n    s = socket.socket()\n    s.connect(("127.0.0.1", 22))\n    return 1\n',
    verdicts: ERROR,
  },
  {
    name: 'a pair of sockets',
    code: 'def f(n):\n    import socket\n    a, b = socket.socketpair()\n    return 1\n',
    verdicts: ERROR,
  },
  {
    name: 'a request over the network',
    code: 'def f(n):\n    import urllib.request\n    return urllib.request.urlopen("http://127.0.0.1:1/").status\n',
    verdicts: ERROR,
  },
  {
    name: 'signals to everybody',
    code: 'def f(n):\n    import os, signal\n    for pid in (-1, 0, 1, os.getppid(), os.getpid() - 1):\n        try:\n            os.kill(pid, signal.SIGKILL)\n        except BaseException:\n            pass\n    return 2\n',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'ctypes',
    code: 'def f(n):\n    import ctypes\n    libc = ctypes.CDLL(None)\n    return libc.system(b"id") or libc.open(b"/etc/passwd", 0)\n',
    verdicts: [...ERROR, ...WRONG],
  },
  {
    name: 'ctypes writes where it should not',
    code: 'def f(n):\n    import ctypes\n    ctypes.memset(0, 1, 100)\n    return 2\n',
    verdicts: ERROR,
  },
  {
    name: 'ctypes asks the kernel itself',
    code: 'def f(n):\n    import ctypes\n    libc = ctypes.CDLL(None, use_errno=True)\n    found = [libc.syscall(n, 0, 0, 0, 0, 0, 0) >= 0 for n in (41, 56, 57, 58, 59, 101, 165, 272, 310, 311, 319, 321, 425, 435)]\n    return "denied" if not any(found) else 1\n',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'leaving through os._exit',
    code: 'def f(n):\n    import os\n    os._exit(0)\n',
    verdicts: [...ERROR, 'security_violation'],
  },
  { name: 'leaving through sys.exit', code: 'def f(n):\n    import sys\n    sys.exit(0)\n', verdicts: ERROR },
  {
    name: 'aborting the interpreter',
    code: 'def f(n):\n    import os\n    os.abort()\n',
    verdicts: [...ERROR, 'security_violation'],
  },
  {
    name: 'atexit that talks',
    code: 'import atexit, sys, os\natexit.register(lambda: os.write(1, b"1") and print(1))\ndef f(n):\n    return 2',
    verdicts: WRONG,
  },
  {
    name: 'reading what waits on stdin',
    code: 'def f(n):\n    import sys, os\n    return repr(sys.stdin.read()) + repr(os.read(0, 10 ** 6))\n',
    verdicts: [...WRONG, ...ERROR, ...TIME, 'security_violation'],
  },
  {
    name: 'descriptors closed and moved',
    code: 'def f(n):\n    import os\n    for fd in range(3, 32):\n        try:\n            os.close(fd)\n        except OSError:\n            pass\n    return 2\n',
    verdicts: [...WRONG, ...ERROR, 'security_violation', 'time_limit'],
  },
  {
    name: 'forged results on every descriptor',
    code: 'def f(n):\n    import os, json, struct\n    for body in ({"kind": "answer", "json": "3", "stdout": ""}, {"type": "outcome", "outcome": {"kind": "answer", "json": "1"}}):\n        raw = json.dumps(body).encode()\n        for fd in range(0, 32):\n            try:\n                os.write(fd, struct.pack(">I", len(raw)) + raw)\n            except OSError:\n                pass\n    return 2\n',
    verdicts: [...WRONG, 'security_violation', ...ERROR],
  },
  {
    name: 'codecs that are not there and pickles that call',
    code: 'def f(n):\n    import pickle\n    return pickle.loads(b"cos\\nsystem\\n(S\'id\'\\ntR.")\n',
    verdicts: [...ERROR, ...WRONG],
  },
  {
    name: 'imports from everywhere',
    code: 'import sys\nsys.path[:0] = ["/", "/tmp", "/root", "/work", "."]\nimport passwd\ndef f(n): return 1',
    verdicts: ['runtime_error', 'compile_error'],
  },
  {
    name: 'asking for the host of WebAssembly',
    code: 'def f(n):\n    try:\n        import js\n        return 1\n    except ImportError:\n        import _pyodide\n        return 1\n',
    verdicts: ERROR,
  },

  // ---- the harness ----
  {
    name: 'patched json',
    code: 'import json\njson.dumps = lambda *a, **k: "1"\njson.loads = lambda *a, **k: [1]\njson.JSONEncoder.default = json.JSONEncoder.encode = json.JSONEncoder.iterencode = lambda *a, **k: "1"\ndef f(n): return 2',
    verdicts: WRONG,
  },
  {
    name: 'patched builtins',
    code: 'import builtins\nfor name in ("len", "isinstance", "type", "list", "dict", "str", "repr", "print", "sorted", "getattr", "id"):\n    setattr(builtins, name, lambda *a, **k: 1)\ndef f(n): return [2]',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'deleted builtins',
    code: 'import builtins\nfor name in list(vars(builtins)):\n    if not name.startswith("__"):\n        delattr(builtins, name)\ndef f(n): return 2',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'modules replaced',
    code: 'import sys\nclass Liar:\n    def __getattr__(self, name): return lambda *a, **k: "1"\nfor name in list(sys.modules):\n    if name != __name__:\n        sys.modules[name] = Liar()\ndef f(n): return 2',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'output replaced',
    code: 'import sys\nclass Out:\n    def write(self, text): raise SystemExit\n    flush = close = write\nsys.stdout = sys.stderr = sys.__stdout__ = Out()\ndef f(n):\n    print(1)\n    return 2',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'reading the harness through frames',
    code: 'def f(n):\n    import sys\n    frame, seen = sys._getframe(), []\n    while frame:\n        seen += [repr(v)[:200] for v in list(frame.f_locals.values()) + list(frame.f_globals.values())]\n        frame = frame.f_back\n    return seen\n',
    verdicts: [...WRONG, 'output_limit', ...ERROR],
  },
  {
    name: 'reading the harness through gc',
    code: 'def f(n):\n    import gc\n    return [repr(o)[:100] for o in gc.get_objects() if isinstance(o, dict) and "expected" in o][:50]\n',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'changing the harness through gc',
    code: 'import gc, types\nfor o in gc.get_objects():\n    if isinstance(o, types.FunctionType) and "learnify" in str(o.__globals__.get("__name__")):\n        o.__code__ = (lambda *a, **k: {"kind": "answer", "json": "3", "stdout": ""}).__code__\ndef f(n): return 2',
    verdicts: [...WRONG, ...ERROR, 'security_violation'],
  },
  {
    name: 'changing the harness through frames',
    code: 'import sys\nframe = sys._getframe()\nwhile frame:\n    for key, value in list(frame.f_globals.items()):\n        if callable(value) and "learnify" in str(getattr(value, "__module__", "")):\n            frame.f_globals[key] = lambda *a, **k: {"kind": "answer", "json": "3", "stdout": ""}\n    frame = frame.f_back\ndef f(n): return 2',
    verdicts: [...WRONG, ...ERROR, 'security_violation', 'time_limit'],
  },
  {
    name: 'profile function in the harness',
    code: 'import sys\ndef p(frame, event, arg):\n    if "learnify" in frame.f_code.co_filename:\n        raise KeyboardInterrupt\nsys.setprofile(p)\ndef f(n): return 2',
    verdicts: [...WRONG, ...ERROR, 'security_violation'],
  },
  {
    name: 'an excepthook and an unraisable hook',
    code: 'import sys\nsys.excepthook = sys.unraisablehook = lambda *a: print(1)\ndef f(n):\n    raise SystemError("x")',
    verdicts: ERROR,
  },

  // ---- lying answers ----
  {
    name: 'an __eq__ that says yes',
    code: 'def f(n):\n    class Yes:\n        __eq__ = lambda *a: True\n        __hash__ = lambda *a: 1\n    return Yes()\n',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'an int that is none',
    code: 'def f(n):\n    class One(int):\n        __int__ = __index__ = __float__ = lambda self: 1\n        __repr__ = __str__ = lambda self: "1"\n        __eq__ = lambda *a: True\n        __hash__ = int.__hash__\n    return One(2)\n',
    verdicts: WRONG,
  },
  {
    name: 'a str that writes itself otherwise',
    code: 'def f(n):\n    class S(str):\n        __str__ = __repr__ = lambda self: "1"\n        encode = lambda *a: b"1"\n    return S("x")\n',
    verdicts: WRONG,
  },
  {
    name: 'a dict that hides its items',
    code: 'def f(n):\n    class D(dict):\n        items = keys = values = __iter__ = lambda self: iter(())\n        __len__ = lambda self: 0\n    return D(a=2)\n',
    verdicts: WRONG,
  },
  {
    name: 'a class that pretends to be another',
    code: 'def f(n):\n    class P:\n        __class__ = property(lambda self: int)\n    return P()\n',
    verdicts: [...WRONG, ...ERROR],
  },
  { name: 'not a number', code: 'def f(n):\n    return float("nan")\n', verdicts: WRONG },
  {
    name: 'NUL and lone surrogates',
    code: 'def f(n):\n    print("\\0\\ud800")\n    return "\\0\\udfff"\n',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'keys that are no text',
    code: 'def f(n):\n    return {(1, 2): 3, None: 4, 1.5: 5, "__proto__": 6}\n',
    verdicts: WRONG,
  },
  {
    name: 'mutated arguments',
    code: 'def f(*args):\n    args = list(args)\n    args.clear()\n    return args',
    verdicts: WRONG,
  },

  // ---- evil errors ----
  {
    name: 'exception whose text raises',
    code: 'def f(n):\n    class E(Exception):\n        def __str__(self): raise self\n        __repr__ = __str__\n    raise E()\n',
    verdicts: ERROR,
  },
  {
    name: 'exception whose class lies',
    code: 'def f(n):\n    class E(Exception):\n        __name__ = __module__ = __qualname__ = property(lambda self: 1 / 0)\n        args = property(lambda self: 1 / 0)\n        __traceback__ = property(lambda self: 1 / 0)\n    raise E()\n',
    verdicts: ERROR,
  },
  { name: 'throwing BaseException', code: 'def f(n):\n    raise BaseException("x" * 10 ** 6)\n', verdicts: ERROR },
  { name: 'throwing KeyboardInterrupt at top level', code: 'raise KeyboardInterrupt', verdicts: ERROR },
  {
    name: 'throwing GeneratorExit out of a generator',
    code: 'def f(n):\n    yield 1\n    raise GeneratorExit',
    verdicts: [...ERROR, ...WRONG],
  },
  {
    name: 'group of exceptions, nested',
    code: 'def f(n):\n    e = ValueError(1)\n    for _ in range(500):\n        e = ExceptionGroup("x", [e])\n    raise e\n',
    verdicts: ERROR,
  },
  {
    name: 'chain of causes without end',
    code: 'def f(n):\n    a, b = ValueError(1), ValueError(2)\n    a.__cause__, b.__cause__ = b, a\n    raise a\n',
    verdicts: ERROR,
  },
  {
    name: 'warnings as errors, and many',
    code: 'import warnings\ndef f(n):\n    for i in range(10 ** 5):\n        warnings.warn("x" * 100 + str(i))\n    return 2',
    verdicts: ['output_limit', 'wrong_answer', 'time_limit'],
  },

  // ---- odd corners ----
  {
    name: 'bytecode made by hand',
    code: 'def f(n):\n    import types\n    code = f.__code__.replace(co_code=b"\\x64\\xff" * 64 + b"\\x53\\x00", co_consts=())\n    return types.FunctionType(code, {})()\n',
    verdicts: [...ERROR, ...WRONG, ...TIME, 'security_violation'],
  },
  {
    name: 'a class with a metaclass that lies',
    code: 'class M(type):\n    __call__ = lambda *a: 1 / 0\n    __instancecheck__ = __subclasscheck__ = lambda *a: True\nclass f(metaclass=M): pass',
    verdicts: [...ERROR, 'invalid_submission'],
  },
  { name: 'f is no function', code: 'f = 1', verdicts: ['invalid_submission', 'runtime_error'] },
  {
    name: 'module that replaces itself',
    code: 'import sys\nclass X:\n    def __getattr__(self, name): return lambda n: 2\nsys.modules[__name__] = X()\ndef f(n): return 3',
    verdicts: WRONG,
  },
  {
    name: 'random numbers guessed',
    code: 'def f(n):\n    import random, os, time, uuid\n    return [random.random(), os.urandom(4).hex(), time.time(), str(uuid.uuid4())]\n',
    verdicts: WRONG,
  },
  { name: 'no code at all', code: '', verdicts: ['invalid_submission'] },
  { name: 'binary rubbish', code: '\0\u0001\uFFFF#!/bin/sh\nrm -rf /\n', verdicts: ['compile_error'] },
  {
    name: 'a coding line that lies',
    code: '# -*- coding: utf-7 -*-\ndef f(n): return +AEE-',
    verdicts: ['wrong_answer', 'runtime_error', 'compile_error'],
  },
];
