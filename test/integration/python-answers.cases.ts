import type { Json } from '../../worker/grading/json.ts';
import { py } from '../support/python-grading.ts';

/** What the expressions below use. */
export const ANSWER_CLASSES = py`
  import datetime
  from array import array
  from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
  from dataclasses import dataclass
  from decimal import Decimal
  from enum import Enum, IntEnum
  from fractions import Fraction
  from typing import ClassVar

  Pair = namedtuple("Pair", "left right")

  class Colour(Enum):
      RED = 1
      BLUE = "b"

  class Level(IntEnum):
      LOW = 5

  class Mode(str, Enum):
      READ = "r"

  @dataclass
  class Point:
      x: int
      y: object
      unit: ClassVar[str] = "cm"

  class Countdown:
      def __iter__(self):
          yield 2
          yield 1

  class Settings:
      def keys(self):
          return ["a"]
      def __getitem__(self, key):
          return 1

  def nested(depth):
      value = []
      for _ in range(depth - 1):
          value = [value]
      return value

  def cyclic():
      value = [1]
      value.append({"self": value})
      return value
`;

const nested = (depth: number): Json => (depth === 1 ? [] : [nested(depth - 1)]);

/** What functions return, and the JSON that it is taken for. */
export const answers: [expression: string, json: Json][] = [
  ['1', 1],
  ['1.5', 1.5],
  ['1e300', 1e300],
  ['2 ** 100', 2 ** 100],
  ['[True, False, None]', [true, false, null]],
  [String.raw`'a\ud800"é😀'`, 'a\ud800"é😀'],
  ['(1, 2)', [1, 2]],
  ['{"a": {}, "b": []}', { a: {}, b: [] }],
  ['{1: 2, "a": None, None: 4, 1.5: 5, False: 6}', { 1: 2, a: null, null: 4, '1.5': 5, false: 6 }],
  ['{3, 1, 2}', [1, 2, 3]],
  ['frozenset("cab")', ['a', 'b', 'c']],
  [
    '{(1, 2), (0, 5)}',
    [
      [0, 5],
      [1, 2],
    ],
  ],
  ['{1, "a"}', ['a', 1]],
  ['range(3)', [0, 1, 2]],
  ['(n * n for n in range(3))', [0, 1, 4]],
  ['map(str, [1, 2])', ['1', '2']],
  ['zip([1], [2])', [[1, 2]]],
  ['enumerate("a")', [[0, 'a']]],
  ['reversed([1, 2])', [2, 1]],
  ['iter([1, [2]])', [1, [2]]],
  ['{"a": 1}.items()', [['a', 1]]],
  ['{"a": 1}.keys()', ['a']],
  ['[[1] * 10] * 2', [Array<number>(10).fill(1), Array<number>(10).fill(1)]],
  ['["a"] * 9', Array<string>(9).fill('a')],
  ['[True] * 9', Array<boolean>(9).fill(true)],
  ['nested(200)', nested(200)],
  ['Counter("aab")', { a: 2, b: 1 }],
  ['OrderedDict(a=1)', { a: 1 }],
  ['defaultdict(int, {1: 2})', { 1: 2 }],
  ['deque([1, 2])', [1, 2]],
  ['array("i", [1, 2])', [1, 2]],
  ['Pair(1, 2)', [1, 2]],
  ['[Decimal("1.10"), Decimal("1E+3"), Decimal(-0)]', [1.1, 1000, 0]],
  ['Fraction(1, 3)', '1/3'],
  ['[datetime.date(2020, 1, 2), datetime.time(1, 2)]', ['2020-01-02', '01:02:00']],
  ['datetime.datetime(2020, 1, 2, 3)', '2020-01-02T03:00:00'],
  ['[Colour.RED, Colour.BLUE, Level.LOW, Mode.READ]', [1, 'b', 5, 'r']],
  ['{Colour.RED: 1, Mode.READ: 2}', { 1: 1, r: 2 }],
  ['Point(1, [Point(2, None)])', { x: 1, y: [{ x: 2, y: null }] }],
  ['Countdown()', [2, 1]],
  ['Settings()', { a: 1 }],
];

/** What functions return that no JSON can say, and how the learner is told. */
export const unanswerable: [expression: string, description: string][] = [
  ['float("nan")', 'nan'],
  ['float("-inf")', '-inf'],
  ['[1, {"a": float("inf")}]', 'inf at /1/a'],
  ['[Decimal("NaN")]', 'NaN at /0'],
  ['b"ab"', 'bytes of 2 bytes'],
  ['[bytearray(3)]', 'bytearray of 3 bytes at /0'],
  ['1j', 'the complex number 1j'],
  ['len', 'a function'],
  ['lambda: 1', 'a function'],
  ['int', 'the class int'],
  ['object()', 'an object of class object'],
  ['[Ellipsis]', 'an object of class ellipsis at /0'],
  ['datetime', 'a module'],
  ['{(1, 2): 3}', 'a dictionary with a key of type tuple'],
  ['cyclic()', 'a cyclic structure at /1/self'],
  ['nested(201)', 'nested deeper than 200 levels'],
  ['nested(100_000)', 'nested deeper than 200 levels'],
];
