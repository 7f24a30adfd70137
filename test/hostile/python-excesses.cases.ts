import type { HostileCase } from './hostile-suite.ts';
import { ANY_LIMIT, ERROR, MEMORY, TIME, WRONG } from './verdicts.ts';

/** Attacks on the limits by the code of `f(n)`, for every engine of Python: what never ends, and what is too much. */
export const pythonExcesses: HostileCase[] = [
  // ---- never ending ----
  { name: 'endless loop at top level', code: 'while True: pass', verdicts: TIME },
  { name: 'endless loop in the function', code: 'def f(n):\n    while True: pass\n', verdicts: TIME },
  {
    name: 'endless loop that catches everything',
    code: 'def f(n):\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            continue\n        finally:\n            continue\n',
    verdicts: TIME,
  },
  {
    name: 'generator that never yields',
    code: 'def f(n):\n    while True:\n        pass\n    yield 1',
    verdicts: TIME,
  },
  {
    name: 'generator that never ends',
    code: 'import itertools\ndef f(n):\n    return itertools.count()',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'coroutine that always awaits',
    code: 'class Again:\n    def __await__(self):\n        while True:\n            yield\nasync def f(n):\n    await Again()',
    verdicts: [...TIME, 'runtime_error'],
  },
  {
    name: 'loop inside a builtin that polls no signal',
    code: 'def f(n):\n    return sum(range(10**15))\n',
    verdicts: TIME,
  },
  {
    name: 'searching an endless iterator in C',
    code: 'def f(n):\n    import itertools\n    return -1 in itertools.count()\n',
    verdicts: TIME,
  },
  {
    name: 'draining an endless iterator in C',
    code: 'def f(n):\n    import itertools, collections\n    return collections.deque(itertools.repeat(1), maxlen=0)\n',
    verdicts: TIME,
  },
  { name: 'power of a huge number', code: 'def f(n):\n    return len(str(9 ** 9 ** 8))\n', verdicts: ANY_LIMIT },
  {
    name: 'catastrophic regular expression',
    code: 'def f(n):\n    import re\n    return bool(re.match(r"(a+)+$", "a" * 40 + "b"))\n',
    verdicts: TIME,
  },
  {
    name: 'sleeping for ever',
    code: 'def f(n):\n    import time\n    time.sleep(10 ** 6)\n',
    verdicts: [...TIME, 'runtime_error'],
  },
  {
    name: 'a __del__ that never ends',
    code: 'class D:\n    def __del__(self):\n        while True: pass\ndef f(n):\n    D()\n    return 2',
    verdicts: [...TIME, 'wrong_answer'],
  },
  {
    name: 'an __eq__ that never ends',
    code: 'def f(n):\n    class E:\n        def __eq__(self, other):\n            while True: pass\n        __hash__ = None\n    return E()\n',
    verdicts: [...WRONG, ...TIME],
  },
  {
    name: 'a __repr__ and __str__ that never end',
    code: 'def f(n):\n    class R(Exception):\n        def __str__(self):\n            while True: pass\n        __repr__ = __str__\n    raise R()\n',
    verdicts: [...TIME, 'runtime_error'],
  },
  {
    name: 'an answer whose iteration never ends',
    code: 'def f(n):\n    class L(list):\n        def __iter__(self):\n            while True:\n                yield 1\n    return L()\n',
    verdicts: [...WRONG, ...ANY_LIMIT],
  },
  {
    name: 'signal handler in the way of the clock',
    code: 'import signal\nfor s in ("SIGALRM", "SIGTERM", "SIGXCPU", "SIGPROF", "SIGVTALRM"):\n    try:\n        signal.signal(getattr(signal, s), lambda *a: None)\n    except BaseException:\n        pass\ndef f(n):\n    while True: pass',
    verdicts: TIME,
  },
  {
    name: 'trace function that never ends',
    code: 'import sys\ndef t(*a):\n    while True: pass\ndef f(n):\n    sys.settrace(t)\n    return g()\ndef g():\n    return 2',
    verdicts: [...TIME, 'wrong_answer'],
  },

  // ---- memory ----
  {
    name: 'list bomb',
    code: 'def f(n):\n    a = []\n    while True:\n        a.append([1, 2, 3])\n',
    verdicts: [...MEMORY, 'time_limit'],
  },
  { name: 'string bomb', code: 'def f(n):\n    s = "x" * 1000\n    while True:\n        s += s\n', verdicts: MEMORY },
  { name: 'bytearray of 4 GB', code: 'def f(n):\n    return len(bytearray(2 ** 32))\n', verdicts: ANY_LIMIT },
  {
    name: 'bytearray bomb',
    code: 'def f(n):\n    a = []\n    while True:\n        a.append(bytearray(10 ** 6))\n',
    verdicts: MEMORY,
  },
  { name: 'integer bomb', code: 'def f(n):\n    n = 3\n    while True:\n        n *= n\n', verdicts: ANY_LIMIT },
  {
    name: 'memory bomb that catches its end',
    code: 'def f(n):\n    a = []\n    while True:\n        try:\n            while True:\n                a.append(bytearray(10 ** 6))\n        except MemoryError:\n            pass\n',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'dictionary bomb at top level',
    code: 'd = {}\ni = 0\nwhile True:\n    d[i] = str(i) * 100\n    i += 1',
    verdicts: [...MEMORY, 'time_limit'],
  },
  {
    name: 'range turned into a list',
    code: 'def f(n):\n    return list(range(10 ** 10))\n',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'billion laughs in repr',
    code: 'def f(n):\n    a = [1]\n    for _ in range(40):\n        a = [a, a, a]\n    return str(a)\n',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'a format width of gigabytes',
    code: 'def f(n):\n    return "%*d" % (2 ** 31 - 2, 1)\n',
    verdicts: [...MEMORY, 'runtime_error', 'output_limit', 'time_limit'],
  },

  // ---- the stack ----
  { name: 'endless recursion', code: 'def f(n):\n    return f(n + 1) + 1\n', verdicts: ERROR },
  {
    name: 'endless recursion that is caught and goes on',
    code: 'def f(n):\n    try:\n        return f(n)\n    except RecursionError:\n        return f(n)\n',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'recursion limit raised out of sight',
    code: 'import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(n):\n    return f(n + 1) + 1',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'recursion in C: nested tuples compared',
    code: 'def f(n):\n    a = b = ()\n    for _ in range(10 ** 6):\n        a = (a,); b = (b,)\n    return a == b',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'answer nested too deep',
    code: 'def f(n):\n    a = []\n    for _ in range(10 ** 5):\n        a = [a]\n    return a\n',
    verdicts: [...WRONG, ...ANY_LIMIT],
  },
  {
    name: 'source nested too deep',
    code: `x = ${'('.repeat(5000)}${')'.repeat(5000)}\ndef f(n): return 1`,
    verdicts: ['compile_error', 'runtime_error'],
  },
  {
    name: 'operators nested too deep',
    code: `x = ${'-'.repeat(40_000)}1\ndef f(n): return x`,
    verdicts: ['compile_error', 'runtime_error', 'memory_limit', 'wrong_answer'],
  },
  {
    name: 'cyclic answer',
    code: 'def f(n):\n    a = []\n    a.append(a)\n    return a\n',
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'regular expression nested too deep',
    code: 'def f(n):\n    import re\n    return bool(re.compile("(" * 5000 + ")" * 5000))\n',
    verdicts: ANY_LIMIT,
  },

  // ---- output ----
  {
    name: 'output flood',
    code: 'def f(n):\n    while True:\n        print("x" * 10000)\n',
    verdicts: ['output_limit'],
  },
  {
    name: 'output flood at top level',
    code: 'import sys\nwhile True:\n    sys.stderr.write("1\\n")',
    verdicts: ['output_limit'],
  },
  {
    name: 'output flood that catches everything',
    code: 'def f(n):\n    while True:\n        try:\n            while True:\n                print("x" * 1000)\n        except BaseException:\n            pass\n',
    verdicts: ['output_limit', 'time_limit'],
  },
  {
    name: 'one line of 8 MB',
    code: 'def f(n):\n    print("x" * 8_000_000)\n    return 2\n',
    verdicts: ['output_limit', 'wrong_answer'],
  },
  {
    name: 'answer of many megabytes',
    code: 'def f(n):\n    return ["xxxxxxxx"] * 500_000\n',
    verdicts: ['output_limit', 'memory_limit', 'time_limit'],
  },
  {
    name: 'output past Python',
    code: 'def f(n):\n    import os\n    for fd in range(0, 64):\n        try:\n            os.write(fd, b"\\x00\\x00\\x00\\x02{}" * 1000)\n        except OSError:\n            pass\n    return 2\n',
    verdicts: [...WRONG, 'security_violation', 'runtime_error', 'output_limit', 'time_limit'],
  },
];
