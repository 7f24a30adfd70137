import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../worker/grading/json.ts';
import { callOfF } from '../support/grading.ts';
import { callsOfEach, describePython, functionOfEach, messageOf, py, saying } from '../support/python-grading.ts';
import { ANSWER_CLASSES, answers, unanswerable } from './python-answers.cases.ts';
import { raisingFunctions, unloadable } from './python-errors.cases.ts';
import { NUMBERS, printingPrograms, sumPrograms } from './python-programs.cases.ts';

await describePython((gradePython, engine) => {
  /** Calls `f` without arguments, as often as there are expected answers. */
  const gradeF = (code: string, expected: Json[]) =>
    gradePython(code, { tests: expected.map((value) => callOfF([], value)) });

  async function expectAnswers(code: string, expected: Json[]): Promise<void> {
    const { tests } = await gradeF(code, expected);
    expect(tests.map((found) => found.message ?? found.actual)).toEqual(expected);
  }

  test('is the engine that runs', async () => {
    expect((await gradeF('def f(): return 1', [1])).engine).toMatch(
      engine === 'python-wasi' ? /^cpython 3\.\d+\.\d+ \(wasi\)$/ : /^cpython 3\.\d+\.\d+ \(native\)$/,
    );
  });

  describe('answers', () => {
    test('are what JSON can say of them', async () => {
      const expressions = answers.map(([expression]) => expression);
      const code = ANSWER_CLASSES + functionOfEach(expressions.map((expression) => `return ${expression}`));
      const tests = callsOfEach(
        expressions,
        answers.map(([, json]) => json),
      );
      const result = await gradePython(code, { tests });
      const wrong = result.tests.filter((found) => found.verdict !== 'accepted');
      expect(wrong.map(({ name, message }) => [name, message])).toEqual([]);
      expect(result.tests).toHaveLength(answers.length);
    });

    test('that JSON cannot say are described', async () => {
      const expressions = unanswerable.map(([expression]) => expression);
      const code = ANSWER_CLASSES + functionOfEach(expressions.map((expression) => `return ${expression}`));
      const { tests } = await gradePython(code, { tests: callsOfEach(expressions, []) });
      expect(tests.map(({ name, verdict, message }) => [name, verdict, message])).toEqual(
        unanswerable.map(([expression, description]) => [
          expression,
          'wrong_answer',
          `returned a value that is not JSON: ${description}, expected null`,
        ]),
      );
    });

    test.each(['"x" * 1_100_000', 'itertools.count()', 'range(10 ** 12)', '2 ** 10_000_000'])(
      'of more than 1 MB are refused: %s',
      async (expression) => {
        const { tests } = await gradeF(`import itertools\ndef f(): return ${expression}`, [1]);
        expect(tests[0]).toMatchObject({
          verdict: 'output_limit',
          message: 'the returned value is larger than 1 MB of JSON',
        });
      },
    );

    test('may be numbers of hundreds of digits', () =>
      expectAnswers('import math\ndef f(): return [math.factorial(150), -(10 ** 300)]', [
        [5.713383956445855e262, -1e300],
      ]));

    test.each([
      ['of more digits than can be compared', 'return math.factorial(200)'],
      ['of such digits, inside', 'return [{"n": -10 ** 400}]'],
    ])('%s are wrong, and said to be', async (_, body) => {
      const { tests } = await gradeF(`import math\ndef f(): ${body}`, [5]);
      expect(tests[0]).toMatchObject({
        verdict: 'wrong_answer',
        message: 'returned a number too large to be compared; such numbers can be returned as text',
      });
    });

    test('of classes that override everything are what they were built as', async () => {
      const code = py`
        def no(*arguments):
            raise ValueError("overridden")
        OVERRIDDEN = (
            "__iter__ __len__ __eq__ __str__ __repr__ __getitem__ items keys __hash__ __bool__ __int__ __float__ __class__"
        )
        def own(base):
            return type("Own", (base,), {name: no for name in OVERRIDDEN.split()})
        def f():
            return [own(dict)(a=1), own(list)([1]), own(str)("x"), own(int)(5), own(tuple)((1,)), own(float)(2.5)]
      `;
      await expectAnswers(code, [[{ a: 1 }, [1], 'x', 5, [1], 2.5]]);
    });

    test.each([
      ['a class that answers no question', 'def __getattribute__(self, name): raise ValueError(name)'],
      ['a class that claims to be another', '__class__ = property(lambda self: int)'],
    ])('that are objects of %s are described by its name', async (_, member) => {
      const { tests } = await gradeF(`class Odd:\n    ${member}\ndef f(): return Odd()`, [1]);
      expect(tests[0]?.message).toBe('returned a value that is not JSON: an object of class Odd, expected a number');
    });

    test('are wrong with both sides and the places where they differ', async () => {
      const { tests } = await gradeF('def f(): return [1, (2, {"a": None})]', [[1, [2, { a: 0 }]]]);
      expect(tests[0]).toMatchObject({
        verdict: 'wrong_answer',
        message: 'expected [1,[2,{"a":0}]], got [1,[2,{"a":null}]]',
        diff: [{ path: '/1/1/a', kind: 'different', expected: 0, actual: null }],
      });
    });
  });

  describe('calls', () => {
    test.each([
      ['a lambda', 'f = lambda: 12'],
      ['a partial', 'import functools\nf = functools.partial(int, "12")'],
      ['a callable object', 'class F:\n    def __call__(self): return 12\nf = F()'],
      ['a class', 'class f(int):\n    def __new__(cls): return int.__new__(cls, 12)'],
      ['a function after a byte order mark', '\ufeffdef f(): return 12'],
      ['a function between Windows line ends', 'def f():\r\n    return 12\r\n'],
      ['a function in a file with warnings', 'x = "\\d"\nassert (x, "always")\nx is 1\ndef f(): return 12'],
      ['a function beside what runs only as a program', 'def f(): return 12\nif __name__ == "__main__":\n    f(1)'],
    ])('may be of %s', (_, code) => expectAnswers(code, [12]));

    test('get their arguments as Python knows them, afresh each time', async () => {
      const args = [1, 1.5, 'é😀', null, true, { a: [] }];
      const code = py`
        def f(*arguments):
            arguments[5]["a"].append(0)
            return [arguments, [type(argument).__name__ for argument in arguments]]
      `;
      const changed = [1, 1.5, 'é😀', null, true, { a: [0] }];
      const expected = [changed, ['int', 'float', 'str', 'NoneType', 'bool', 'dict']];
      const result = await gradePython(code, { tests: [callOfF(args, expected), callOfF(args, expected)] });
      expect(result).toMatchObject({ verdict: 'accepted', score: 100 });
    });

    test('share one run of the file, and what each prints is kept apart', async () => {
      const code = py`
        import sys
        print("loaded")
        calls = 0
        def f():
            global calls
            calls += 1
            print("call", calls)
            print("oops", file=sys.stderr)
            return calls
      `;
      const result = await gradeF(code, [1, 2]);
      expect(result.tests.map(({ stdout }) => stdout)).toEqual(['call 1\noops\n', 'call 2\noops\n']);
      expect(result.stdout).toBe('loaded\ncall 1\noops\ncall 2\noops\n');
    });

    test.each([
      ['replaced', 'sys.stdout = io.StringIO(); print(1); return sys.stdout.getvalue()', '1\n', ''],
      ['written to in bytes', 'sys.stdout.buffer.write(b"\\xff" * 3); return 3', 3, '\ufffd\ufffd\ufffd'],
      ['closed', 'print("a"); sys.stdout.close(); return 1', 1, 'a\n'],
    ])('may find standard output %s', async (_, body, expected, stdout) => {
      const result = await gradeF(`import io, sys\ndef f(): ${body}`, [expected]);
      expect(result).toMatchObject({ verdict: 'accepted', stdout });
    });

    test('that print without end are stopped at the limit', async () => {
      const { tests } = await gradeF('def f():\n    while True: print("x" * 1000)', [1]);
      expect(tests[0]).toMatchObject({ verdict: 'output_limit', message: 'printed more than 16 KB' });
      expect(tests[0]?.stdout).toHaveLength(16 * 1024);
    });

    test.each([
      ['at once', 'def f(): return [0] * 10 ** 9'],
      ['bit by bit', 'kept = []\ndef f():\n    while True: kept.append(bytearray(10_000))'],
      ['in a set', 'def f(): return set(range(10 ** 9))'],
      ['in what they print', 'def f(): print("x" * 10 ** 9)'],
    ])('that take too much memory %s hit its limit', async (_, code) => {
      const { tests } = await gradeF(code, [1]);
      expect(tests[0]).toMatchObject({ verdict: 'memory_limit', message: 'memory limit of 64 MB exceeded' });
    });

    test('may go on where memory was short', () =>
      expectAnswers('def f():\n    try: return [0] * 10 ** 9\n    except MemoryError: return "caught"', [
        'caught',
        'caught',
      ]));

    test.each([
      [
        'took the builtins and standard modules apart',
        py`
          import _json, builtins, json, sys
          change = setattr
          for name in dir(builtins):
              if not name.startswith("_"): change(builtins, name, None)
          json.dumps = json.loads = lambda *arguments: "9"
          _json.encode_basestring_ascii = _json.make_scanner = None
          sys.stdout = sys.stderr = sys.modules = None
          sys.setrecursionlimit(60)
          def f(): return [1, {"a": (1, 2)}, "x"]
        `,
      ],
      [
        'forgot all modules',
        py`
          import sys
          for name in [*sys.modules]:
              if name not in ("sys", "builtins"): del sys.modules[name]
          def f(): return [1, {"a": (1, 2)}, "x"]
        `,
      ],
    ])('are answered although the file %s', (_, code) => {
      const answer = [1, { a: [1, 2] }, 'x'];
      return expectAnswers(code, [answer, answer]);
    });

    test('find nothing of the harness among the modules', () =>
      expectAnswers('import sys\ndef f(): return [name for name in sys.modules if "learnify" in name]', [[]]));
  });

  describe('errors', () => {
    test.each(raisingFunctions)('tell %s', async (_, code, message) => {
      const { tests } = await gradeF(code, [null]);
      expect(tests[0]?.verdict).toBe('runtime_error');
      expect(tests[0]?.message).toEqual(saying(message));
    });

    test.each(unloadable)('name %s in a file', async (_, code, verdict, message) => {
      const { tests } = await gradeF(code, [null]);
      expect(tests[0]?.verdict).toBe(verdict);
      expect(tests[0]?.message).toEqual(saying(message));
    });

    test('leave the next call as it would be', async () => {
      const { tests } = await gradePython('def f(n): return 10 // n', {
        tests: [callOfF([0], 1), callOfF([5], 2)],
      });
      expect(tests.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^ZeroDivisionError: .*\n    at f \(f\.py:1\)$/),
        null,
      ]);
    });
  });

  describe('programs', () => {
    const gradeProgram = (code: string, stdin: string, expectedStdout: string) =>
      gradePython(code, {
        entrypoint: 'main.py',
        tests: [{ kind: 'stdio', name: 'run', stdin, expectedStdout, comparison: { type: 'exact' } }],
      });

    test.each(Object.entries(sumPrograms))('may use %s', async (_, code) => {
      expect(await gradeProgram(code, NUMBERS, '6\n')).toMatchObject({ verdict: 'accepted', score: 100 });
    });

    test.each(printingPrograms)('%s', async (_, code, stdin, stdout) => {
      const result = await gradeProgram(code, stdin, stdout);
      expect(messageOf(result)).toBeNull();
      expect(result.verdict).toBe('accepted');
    });

    test.each([
      [
        'that read past the end',
        'input()\ninput()\ninput()',
        'runtime_error',
        'EOFError: EOF when reading a line\n    at <module> (main.py:3)',
      ],
      ['that end badly', 'print(6)\nexit(2)', 'runtime_error', 'the program ended with exit code 2'],
      ['that crash', 'n = int(input())\nn.x', 'runtime_error', /^AttributeError: .*\n    at <module> \(main\.py:2\)$/],
      ['that are broken', 'a +;', 'compile_error', /^SyntaxError: .+\n    at main\.py:1:4$/],
      ['that never stop printing', 'while True: print(1)', 'output_limit', 'printed more than 16 KB'],
      ['that hoard', 'x = []\nwhile True: x.append(bytearray(5000))', 'memory_limit', 'memory limit of 64 MB exceeded'],
    ])('%s are told why they failed', async (_, code, verdict, message) => {
      const { tests } = await gradeProgram(code, NUMBERS, '6\n');
      expect(tests[0]?.verdict).toBe(verdict);
      expect(tests[0]?.message).toEqual(saying(message));
    });
  });
});
