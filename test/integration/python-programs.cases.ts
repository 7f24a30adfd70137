import { py } from '../support/python-grading.ts';

/** What most of the programs below read. */
export const NUMBERS = '3\n1 2 3\n';

/** Programs that read `NUMBERS` and print their sum, in the ways in which people read and print. */
export const sumPrograms: Record<string, string> = {
  'input()': py`
    n = int(input())
    print(sum(map(int, input().split())))
  `,
  'input() in a generator': py`
    input()
    print(sum(int(word) for word in input().split()))
  `,
  'sys.stdin.read': py`
    import sys
    print(sum(map(int, sys.stdin.read().split()[1:])))
  `,
  'sys.stdin.readline in the place of input': py`
    import sys
    input = sys.stdin.readline
    input()
    print(sum(map(int, input().split())))
  `,
  'sys.stdin as an iterator': py`
    import sys
    lines = [*sys.stdin]
    print(sum(map(int, lines[1].split())))
  `,
  'sys.stdin.buffer': py`
    import sys
    print(sum(map(int, sys.stdin.buffer.read().split()[1:])))
  `,
  'open(0)': 'print(sum(map(int, open(0).read().split()[1:])))',
  'open("/dev/stdin")': 'print(sum(map(int, open("/dev/stdin").read().split()[1:])))',
  'os.read and os.write': py`
    import os
    words = os.read(0, 1 << 20).split()
    os.write(1, b"%d\n" % sum(map(int, words[1:])))
  `,
  fileinput: py`
    import fileinput
    lines = [*fileinput.input()]
    print(sum(map(int, lines[1].split())))
  `,
  'sys.stdout.buffer': py`
    import sys
    input()
    sys.stdout.buffer.write(b"%d\n" % sum(map(int, input().split())))
  `,
  'open(1)': py`
    input()
    open(1, "w").write("%d\n" % sum(map(int, input().split())))
  `,
  'stdout wrapped anew': py`
    import io, sys
    sys.stdout = io.TextIOWrapper(sys.stdout.detach())
    input()
    print(sum(map(int, input().split())))
  `,
  'print and os.write, one after the other': py`
    import os
    input()
    print(sum(map(int, input().split())), end="", flush=True)
    os.write(1, b"\n")
  `,
  'errors printed beside': py`
    import logging, sys
    print("debugging", file=sys.stderr)
    logging.warning("more")
    print(6)
  `,
  'a function registered with atexit': py`
    import atexit
    atexit.register(lambda: print(6))
  `,
  'an end before the end': py`
    print(6)
    exit()
    print(7)
  `,
  'sys.exit without a code': py`
    import sys
    print(6)
    sys.exit()
  `,
  'a raised SystemExit': py`
    print(6)
    raise SystemExit
  `,
  'main under a guard': py`
    def main():
        print(6)

    if __name__ == "__main__":
        main()
  `,
  'names set through __main__': py`
    import __main__
    __main__.total = 6
    print(total)
  `,
};

/** Programs by what they show: what they read and what they print. */
export const printingPrograms: [title: string, code: string, stdin: string, stdout: string][] = [
  ['see their own name', 'import sys\nprint(sys.argv, __name__, __file__)', '', "['main.py'] __main__ main.py\n"],
  ['read and print any Unicode', 'print(input()[::-1])', 'é😀\n', '😀é\n'],
  ['read line ends as they are', 'import sys\nprint(repr(sys.stdin.read()))', 'a\r\nb', "'a\\r\\nb'\n"],
  ['may print nothing', '', '', ''],
  ['print their prompts', 'print(int(input("n? ")) + 1)', '3\n', 'n? 4\n'],
  [
    'find the end of the input',
    'print(open(0).read(), end="")\ntry:\n    input()\nexcept EOFError:\n    print("end")',
    'ab\n',
    'ab\nend\n',
  ],
  [
    'may recurse as deep as they ask for',
    'import sys\nsys.setrecursionlimit(10 ** 6)\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20_000))',
    '',
    '20000\n',
  ],
  [
    'can pickle their own classes',
    'import pickle\nclass A:\n    pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)',
    '',
    'True\n',
  ],
  [
    'know the types of their annotations',
    'from __future__ import annotations\nfrom dataclasses import dataclass\nimport typing\n@dataclass\nclass A:\n    x: int\nprint(A(1), typing.get_type_hints(A))',
    '',
    "A(x=1) {'x': <class 'int'>}\n",
  ],
  [
    'have tracebacks with their lines',
    'import sys, traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    print(traceback.format_exc().splitlines()[1:3])',
    '',
    "['  File \"main.py\", line 3, in <module>', '    1 / 0']\n",
  ],
];
