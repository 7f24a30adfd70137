import type { Json } from '../../worker/grading/json.ts';
import { py } from '../support/python-grading.ts';

/** Functions `f` that recurse deeply, and what they answer. Where C code is between the calls, the stack of the machine is what counts. */
export const recursion: [title: string, code: string, json: Json][] = [
  ['900 calls deep', 'def g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(): return g(900)', 900],
  [
    'as deep as the program asks for',
    'import sys\nsys.setrecursionlimit(20_000)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(): return g(5000)',
    5000,
  ],
  [
    'in an answer, though the program wants it shallow',
    'import sys\ndef f():\n    sys.setrecursionlimit(30)\n    x = []\n    for _ in range(99): x = [x]\n    return x',
    JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) as Json,
  ],
  [
    'through lru_cache',
    py`
          from functools import lru_cache
          @lru_cache(None)
          def fib(n):
              return n if n < 2 else fib(n - 1) + fib(n - 2)
          def f():
              return str(fib(400))[:10]
        `,
    '1760236806',
  ],
  [
    'through copy.deepcopy',
    py`
          import copy
          class Node:
              def __init__(self, n):
                  self.next = Node(n - 1) if n else None
          def f():
              node, depth = copy.deepcopy(Node(150)), 0
              while node.next:
                  node, depth = node.next, depth + 1
              return depth
        `,
    150,
  ],
  [
    'through nested repr',
    py`
          class Node:
              def __init__(self, n):
                  self.next = Node(n - 1) if n else None
              def __repr__(self):
                  return f"N({self.next!r})"
          def f():
              return repr(Node(200)).count("N(")
        `,
    201,
  ],
  [
    'through __eq__',
    py`
          class Node:
              def __init__(self, n):
                  self.next = Node(n - 1) if n else 0
              def __eq__(self, other):
                  return self.next == other.next
          def f():
              return Node(300) == Node(300)
        `,
    true,
  ],
  ['through sorted', 'def g(n): return sorted([n - 1], key=g) if n else [0]\ndef f(): return len(g(300))', 1],
  ['through yield from', 'def g(n):\n    yield n\n    if n: yield from g(n - 1)\ndef f(): return sum(g(400))', 80_200],
  ['through sum and map', 'def g(n): return sum(map(g, [n - 1])) if n else 1\ndef f(): return g(300)', 1],
];

/** Functions `f` that recurse deeper than any stack, through what they recurse. */
export const endlessRecursion: [title: string, code: string][] = [
  ['through nested repr', 'def f():\n    x = []\n    for _ in range(100_000): x = [x]\n    return len(repr(x))'],
  [
    'through nested equality',
    'def f():\n    x, y = [], []\n    for _ in range(100_000): x, y = [x], [y]\n    return x == y',
  ],
  ['through __repr__', 'class A:\n    def __repr__(self): return repr(self)\ndef f(): return repr(A())'],
  ['through __getattr__', 'class A:\n    def __getattr__(self, name): return self.x\ndef f(): return A().y'],
  ['through sorted', 'def key(x): return sorted([1], key=key)\ndef f(): return key(1)'],
  ['through json', 'import json\ndef f(): return json.loads("[" * 100_000)'],
  ['through lru_cache', 'from functools import lru_cache\n@lru_cache\ndef g(n): return g(n + 1)\ndef f(): return g(0)'],
];
