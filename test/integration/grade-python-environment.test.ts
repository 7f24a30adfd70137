import { describe, expect, test } from '@jest/globals';
import type { ExerciseFile } from '../../shared/contracts/exercise.contract.ts';
import type { Json } from '../../worker/grading/json.ts';
import { callOfF } from '../support/grading.ts';
import {
  callsOfEach,
  describePython,
  functionOfEach,
  messageOf,
  py,
  saying,
  verdictsOf,
  type PythonExercise,
} from '../support/python-grading.ts';
import { standardModules } from './python-modules.cases.ts';
import { endlessRecursion, recursion } from './python-recursion.cases.ts';

const FILES: ExerciseFile[] = [
  { path: 'helper.py', content: 'LIMIT = 5\ndef limit():\n    return LIMIT\n' },
  { path: 'shapes/__init__.py', content: 'from .round import CIRCLE\n' },
  { path: 'shapes/round.py', content: 'CIRCLE = 7\n' },
  { path: 'plain/square.py', content: 'SQUARE = 8\n' },
  { path: 'data.json', content: '{"a":[1]}' },
  { path: 'tables/x.csv', content: 'a,b\n1,2\n' },
];

await describePython((gradePython) => {
  /** What `f` answers when it is called without arguments as often as there are expected answers, or why it does not. */
  async function expectAnswers(code: string, expected: Json[], exercise: Partial<PythonExercise> = {}): Promise<void> {
    const tests = expected.map((value) => callOfF([], value));
    const result = await gradePython(code, { tests, ...exercise });
    expect(result.tests.map((found) => found.message ?? found.actual)).toEqual(expected);
  }

  async function messageOfF(code: string, exercise: Partial<PythonExercise> = {}): Promise<string | null> {
    return messageOf(await gradePython(code, { tests: [callOfF([], 1)], ...exercise }));
  }

  describe('files of the exercise', () => {
    test('can be imported', () => {
      const code = py`
        import helper
        import plain.square
        import shapes.round as round_shapes
        from plain.square import SQUARE
        from shapes import CIRCLE
        def f():
            return [helper.limit(), CIRCLE, round_shapes.CIRCLE, SQUARE, plain.square.SQUARE]
      `;
      return expectAnswers(code, [[5, 7, 7, 8, 8]], { files: FILES });
    });

    test('know their names', () =>
      expectAnswers(
        'import helper\ndef f(): return [helper.__file__, helper.__name__, __file__, __name__]',
        [['helper.py', 'helper', 'f.py', 'f']],
        { files: FILES },
      ));

    test.each<[title: string, expression: string, json: Json]>([
      ['open', 'json.load(open("data.json"))', { a: [1] }],
      ['open in bytes', 'open("./data.json", "rb").read().decode()', '{"a":[1]}'],
      ['Path.read_text', 'Path("data.json").read_text()', '{"a":[1]}'],
      ['Path.resolve', 'Path("tables/../tables/x.csv").resolve().read_bytes().decode()', 'a,b\n1,2\n'],
      ['a path beside the file', '(Path(__file__).parent / "data.json").exists()', true],
      [
        'an absolute path',
        'list(csv.DictReader(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables", "x.csv"))))',
        [{ a: '1', b: '2' }],
      ],
      ['os.listdir', 'sorted(os.listdir("."))', ['data.json', 'f.py', 'helper.py', 'plain', 'shapes', 'tables']],
      ['os.walk', '[files for _, _, files in os.walk("tables")]', [['x.csv']]],
      ['Path.rglob', '[str(path) for path in Path(".").rglob("*.csv")]', ['tables/x.csv']],
      ['glob', 'glob.glob("tables/*")', ['tables/x.csv']],
      [
        'os.path',
        '[os.path.isfile("tables"), os.path.isdir("tables"), os.path.getsize("data.json")]',
        [false, true, 9],
      ],
      ['os.access', '[os.access("data.json", os.R_OK), os.access("data.json", os.W_OK)]', [true, false]],
      ['pkgutil', 'pkgutil.get_data("shapes", "round.py").decode()', 'CIRCLE = 7\n'],
      ['inspect', 'inspect.getsource(helper.limit)', 'def limit():\n    return LIMIT\n'],
    ])('can be looked at with %s', (_, expression, json) =>
      expectAnswers(
        `import csv, glob, helper, inspect, json, os, pkgutil\nfrom pathlib import Path\ndef f(): return ${expression}`,
        [json],
        { files: FILES },
      ),
    );

    test('cannot be written, and others are not there', () => {
      const code = py`
        def attempt(name, mode):
            try:
                open(name, mode)
            except FileNotFoundError:
                return "not found"
            except OSError:
                return "refused"
        def f():
            return [attempt("data.json", "w"), attempt("data.json", "a"), attempt("data.json", "r+"), attempt("nope.txt", "r")]
      `;
      return expectAnswers(code, [['refused', 'refused', 'refused', 'not found']], { files: FILES });
    });

    test.each([
      ['that are broken', 'x = (', /^SyntaxError: .+\n    at helper\.py:1:\d+$/],
      [
        'that raise',
        '1 / 0',
        'ZeroDivisionError: division by zero\n    at <module> (helper.py:1)\n    at <module> (f.py:1)',
      ],
    ])('%s are named', async (_, content, message) => {
      const found = await messageOfF('import helper\ndef f(): return 1', { files: [{ path: 'helper.py', content }] });
      expect(found).toEqual(saying(message));
    });

    test('may have the name of a standard module', () =>
      expectAnswers('import calendar\ndef f(): return calendar.DAYS', [3], {
        files: [{ path: 'calendar.py', content: 'DAYS = 3' }],
      }));

    test('may lie beside an entrypoint in a folder, which may have the name of a standard module', () =>
      expectAnswers('import helper, queue\ndef f(): return [helper.K, __name__, queue.f is f]', [[5, 'queue', true]], {
        entrypoint: 'src/queue.py',
        files: [{ path: 'src/helper.py', content: 'K = 5' }],
      }));
  });

  describe('coroutines', () => {
    test.each<[title: string, code: string, json: Json]>([
      ['an async function', 'async def g(): return 2\nasync def f(): return 1 + await g()', 3],
      ['an asynchronous generator', 'async def f():\n    yield 1\n    yield 2', [1, 2]],
      [
        'tasks in an order of their own',
        py`
          import asyncio
          async def f():
              done, gate = [], asyncio.Event()
              async def wait_for_the_other():
                  await gate.wait()
                  await asyncio.sleep(0.01)
                  done.append("first")
                  return "first"
              async def wait():
                  await asyncio.sleep(0.01)
                  done.append("second")
                  gate.set()
                  return "second"
              return [await asyncio.gather(wait_for_the_other(), wait()), done]
        `,
        [
          ['first', 'second'],
          ['second', 'first'],
        ],
      ],
      [
        'a loop of its own',
        'import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    return 5\ndef f(): return asyncio.run(g())',
        5,
      ],
      [
        'a queue between tasks',
        py`
          import asyncio
          async def f():
              queue = asyncio.Queue()
              async def produce():
                  for n in range(3):
                      await queue.put(n)
              producing = asyncio.create_task(produce())
              taken = [await queue.get() for _ in range(3)]
              await producing
              return taken
        `,
        [0, 1, 2],
      ],
      [
        'a timeout',
        py`
          import asyncio
          async def f():
              try:
                  await asyncio.wait_for(asyncio.sleep(60), 0.01)
              except asyncio.TimeoutError:
                  return "late"
        `,
        'late',
      ],
    ])('may be %s, call by call', (_, code, json) => expectAnswers(code, [json, json]));

    test.each([
      ['a future', 'import asyncio\nasync def f(): await asyncio.get_running_loop().create_future()'],
      ['an event', 'import asyncio\nasync def f(): await asyncio.Event().wait()'],
    ])('that wait for %s which never comes are told so', async (_, code) => {
      expect(await messageOfF(code)).toBe('the async function waits for something that never comes');
    });

    test('that raise are told with their lines', async () => {
      const code = 'async def g():\n    raise ValueError("no")\nasync def f():\n    return await g()';
      expect(await messageOfF(code)).toBe('ValueError: no\n    at g (f.py:2)\n    at f (f.py:4)');
    });
  });

  test.each<[expression: string, json: Json]>([
    ['time.time()', 1_700_000_000.123],
    ['time.time_ns()', 1_700_000_000_123_000_000],
    ['str(datetime.now())', '2023-11-14 22:13:20.123000'],
    ['str(datetime.utcnow())', '2023-11-14 22:13:20.123000'],
    ['str(datetime.now(timezone.utc))', '2023-11-14 22:13:20.123000+00:00'],
    ['repr(datetime.now())', 'datetime.datetime(2023, 11, 14, 22, 13, 20, 123000)'],
    ['str(date.today())', '2023-11-14'],
    ['isinstance(datetime.now(), date)', true],
    ['time.strftime("%Y-%m-%d")', '2023-11-14'],
    ['time.ctime()', 'Tue Nov 14 22:13:20 2023'],
    ['[time.localtime().tm_hour, time.gmtime().tm_year, time.tzname[0]]', [22, 2023, 'UTC']],
  ])('the clock stands still for %s', async (expression, json) => {
    const code = `import time\nfrom datetime import date, datetime, timezone\ndef f(): return ${expression}`;
    const comparison = { type: 'approximate', tolerance: 1e-15 };
    const tests = [callOfF([], json, { comparison })];
    expect(messageOf(await gradePython(code, { tests, clock: '2023-11-14T22:13:20.123Z' }))).toBeNull();
  });

  test('random numbers are the same in every run', async () => {
    const code = 'import random\ndef f(): return [random.randint(1, 10 ** 9) for _ in range(3)]';
    const [one, other] = [await messageOfF(code), await messageOfF(code)];
    expect(one).toMatch(/^expected 1, got \[\d+,\d+,\d+\]$/);
    expect(other).toBe(one);
  });

  describe('recursion', () => {
    test.each(recursion)('may go %s', (_, code, json) => expectAnswers(code, [json, json]));

    test.each(endlessRecursion)('too deep %s is a RecursionError, and nothing worse', async (_, code) => {
      expect(await messageOfF(code)).toMatch(/^RecursionError: maximum recursion depth exceeded/);
      await expectAnswers(
        `${code.replace('def f', 'def too_deep')}\ndef f():\n    try: too_deep()\n    except RecursionError: return "caught"`,
        ['caught'],
      );
    });

    test('too deep in the compiler is an error of the program', async () => {
      expect(await messageOfF('def f(): return eval("-" * 100_000 + "1")')).toMatch(
        /^(RecursionError|MemoryError|SyntaxError|memory limit)/,
      );
    });

    test('does not end the interpreter when a long chain is given up', () =>
      expectAnswers(
        py`
          class Node:
              next = None
          def f():
              first = Node()
              for _ in range(200_000):
                  node = Node()
                  node.next, first = first, node
              del node, first
              return 1
        `,
        [1],
      ));
  });

  test('modules of the standard library that exercises use', async () => {
    const code = functionOfEach(
      standardModules.map(([module, expression]) => `import ${module}; return ${expression}`),
    );
    const tests = callsOfEach(
      standardModules.map(([module]) => module),
      standardModules.map(([, , json]) => json),
    );
    const result = await gradePython(code, { tests });
    expect(messageOf(result)).toBeNull();
    expect(verdictsOf(result)).toEqual(standardModules.map(([module]) => `${module}: accepted`));
  });
});
