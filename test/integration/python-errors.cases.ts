import { py } from '../support/python-grading.ts';

/** Functions `f` that raise, and what their learner reads. Where the words are Python's own, they differ from version to version. */
export const raisingFunctions: [title: string, code: string, message: string | RegExp][] = [
  [
    'an exception with the lines that led to it, the innermost first',
    'def g(x):\n    return x.a\n\ndef f():\n    return g(1)',
    "AttributeError: 'int' object has no attribute 'a'\n    at g (f.py:2)\n    at f (f.py:5)",
  ],
  [
    'methods and inner functions by their names',
    'class Stack:\n    def pop(self):\n        return [][0]\ndef f():\n    def inner():\n        return Stack().pop()\n    return inner()',
    /^IndexError: list index out of range\n    at (Stack\.)?pop \(f\.py:3\)\n    at inner \(f\.py:6\)\n    at f \(f\.py:7\)$/,
  ],
  [
    'the five innermost lines of endless recursion',
    'def f():\n    return f()',
    /^RecursionError: maximum recursion depth exceeded.*(\n    at f \(f\.py:2\)){5}$/,
  ],
  [
    'only the last of a chain',
    'def f():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n        raise ValueError("no") from error',
    'ValueError: no\n    at f (f.py:5)',
  ],
  ['a KeyError with its key', 'def f():\n    return {}["k"]', "KeyError: 'k'\n    at f (f.py:2)"],
  ['an exception without words', 'def f():\n    raise KeyboardInterrupt', 'KeyboardInterrupt\n    at f (f.py:2)'],
  [
    'what is no Exception',
    'class Own(BaseException):\n    pass\ndef f():\n    raise Own("boo")',
    'Own: boo\n    at f (f.py:4)',
  ],
  [
    'an exception whose text cannot be had',
    'class Own(Exception):\n    def __str__(self):\n        raise ValueError\ndef f():\n    raise Own',
    'Own: (its text cannot be shown)\n    at f (f.py:5)',
  ],
  [
    'an exception whose class lies about itself',
    py`
      class Kind(type):
          __name__ = property(lambda kind: 1 / 0)
          __mro__ = property(lambda kind: 1 / 0)
      class Own(Exception, metaclass=Kind):
          __traceback__ = property(lambda self: 1 / 0)
          __class__ = property(lambda self: 1 / 0)
      def f():
          raise Own("x")
    `,
    'Own: x\n    at f (f.py:8)',
  ],
  [
    'an exception that is its own cause',
    'def f():\n    error = ValueError("x")\n    error.__cause__ = error.__context__ = error\n    raise error',
    'ValueError: x\n    at f (f.py:4)',
  ],
  [
    'the beginning of a long text',
    'def f():\n    raise ValueError("x" * 100_000)',
    `ValueError: ${'x'.repeat(2000)}…\n    at f (f.py:2)`,
  ],
  [
    'text that is no Unicode',
    String.raw`def f(): raise ValueError("\ud800")`,
    'ValueError: \\ud800\n    at f (f.py:1)',
  ],
  ['an exit', 'import sys\ndef f():\n    sys.exit(3)', 'the program ended with exit code 3'],
  ['an exit without a code', 'def f():\n    exit()', 'the program ended with exit code 0'],
  [
    'arguments that do not fit',
    'def f(a):\n    return a',
    "TypeError: f() missing 1 required positional argument: 'a'",
  ],
  [
    'what an iterator raises while it is answered',
    'def f():\n    yield 1\n    raise ValueError("late")',
    'ValueError: late\n    at f (f.py:3)',
  ],
];

/** Files that cannot be loaded as the solution of an exercise that calls `f`. */
export const unloadable: [title: string, code: string, verdict: string, message: string | RegExp][] = [
  ['broken code', 'def f(:\n', 'compile_error', /^SyntaxError: .+\n    at f\.py:1:\d+$/],
  ['a missing indentation', 'def f():\nreturn 1', 'compile_error', /^IndentationError: .+\n    at f\.py:2:\d+$/],
  [
    'tabs among spaces',
    'def f():\n  if 1:\n\treturn 1',
    'compile_error',
    /^(TabError|IndentationError): .+\n    at f\.py:3/,
  ],
  ['a zero byte', 'x = 1\0', 'compile_error', /^SyntaxError: source code .*null bytes/],
  ['broken Unicode', 'x = "\ud800"', 'compile_error', 'SyntaxError: the file is not valid Unicode text\n    at f.py'],
  [
    'code nested too deep',
    `${'('.repeat(1000)}${')'.repeat(1000)}`,
    'compile_error',
    /^SyntaxError: (too many nested parentheses|the code is nested too deeply)\n/,
  ],
  ['endless signs', `x = ${'-'.repeat(50_000)}1`, 'compile_error', /^SyntaxError: /],
  ['an endless chain', `x = a${'.b'.repeat(20_000)}`, 'compile_error', /^SyntaxError: /],
  [
    'an exception at top level',
    'import math\n\nmath.x()',
    'runtime_error',
    "AttributeError: module 'math' has no attribute 'x'\n    at <module> (f.py:3)",
  ],
  [
    'a module that there is not',
    'import nope',
    'runtime_error',
    "ModuleNotFoundError: No module named 'nope'\n    at <module> (f.py:1)",
  ],
  [
    'broken code in eval',
    'eval("1+")',
    'runtime_error',
    /^SyntaxError: invalid syntax.*\n    at <module> \(f\.py:1\)$/,
  ],
  ['an exit', 'import sys\nsys.exit(0)', 'runtime_error', 'the program ended with exit code 0'],
  ['an exit with words', 'raise SystemExit("bye")', 'runtime_error', 'the program ended with exit code 1: bye'],
  [
    'another name',
    'from math import sqrt\nx = 1\nclass A:\n    pass\ndef g():\n    pass\n_h = print',
    'invalid_submission',
    '`f.py` defines no function named `f`; it defines: A, g',
  ],
  ['nothing at all', '  \n# to do\n', 'invalid_submission', '`f.py` defines no function named `f`; it defines nothing'],
  ['something that cannot be called', 'f = 1', 'invalid_submission', /^`f\.py` defines no function named `f`/],
  [
    'endless output',
    'while True:\n    print("a" * 1000)',
    'output_limit',
    'printed more than 16 KB while the file was loaded',
  ],
  [
    'endless output whose end is caught',
    'while True:\n    try:\n        print("a" * 5000)\n    except BaseException:\n        break',
    'output_limit',
    'printed more than 16 KB while the file was loaded',
  ],
  [
    'too much memory',
    'kept = [0] * 10 ** 9\ndef f():\n    pass',
    'memory_limit',
    'memory limit of 64 MB exceeded while the file was loaded',
  ],
];
