import { py } from '../support/python-grading.ts';

/** A class whose objects say that they are whatever they are asked to be. */
const LIAR = py`
  class Liar:
      def __eq__(self, other): return True
      def __ne__(self, other): return False
      def __hash__(self): return hash(1)
      def __lt__(self, other): return True
      def __sub__(self, other): return 0
      __rsub__ = __sub__
      def __abs__(self): return 0
      def __round__(self, digits=0): return 0
      def __len__(self): return 1
      def __iter__(self): return iter([1])
      def __contains__(self, item): return True
`;
const lying = (answer: string) => `${LIAR}def f(n): return ${answer}`;
const ofClass = (members: string) => py`
  class Liar:
      ${members}
  def f(n): return [Liar()]
`;

/** Solutions whose answer claims to be `expected`. */
export const liars: [title: string, code: string, expected: string][] = [
  ['an object', lying('Liar()'), '5'],
  ['an object in a list', lying('[Liar()]'), '[5]'],
  ['an object in a tuple', lying('(Liar(),)'), '(5,)'],
  ['an object in a dictionary', lying('{"a": Liar()}'), '{"a": 5}'],
  ['an object deep in an answer', lying('[[{"a": (Liar(),)}]]'), '[[{"a": (5,)}]]'],
  ['a number', lying('type("Own", (int,), {"__eq__": Liar.__eq__, "__hash__": int.__hash__})(7)'), '5'],
  ['a text', lying('type("Own", (str,), {"__eq__": Liar.__eq__, "__hash__": str.__hash__})("z")'), '"abc"'],
  ['a list', lying('type("Own", (list,), {"__eq__": Liar.__eq__})()'), '[5]'],
  ['an object with a lambda', ofClass('__eq__ = lambda self, other: True\n__hash__ = None'), '[5]'],
  ['an object with a built-in function', ofClass('__eq__ = staticmethod(bool)'), '[5]'],
  ['an object with a callable object', ofClass('__eq__ = type("C", (), {"__call__": lambda *them: True})()'), '[5]'],
  ['the ANY of unittest.mock', 'from unittest.mock import ANY\ndef f(n): return [ANY]', '[5]'],
  [
    'an object whose file claims to be of the standard library',
    `__loader__ = None\n__name__ = "json"\n${lying('[Liar()]')}`,
    '[5]',
  ],
  [
    'an object whose class equals other classes',
    py`
      class Kind(type):
          def __hash__(self): return hash(int)
          def __eq__(self, other): return True
      class Liar(metaclass=Kind):
          def __eq__(self, other): return True
          def __hash__(self): return 5
      def f(n): return [Liar()]
    `,
    '[5]',
  ],
  [
    'a dataclass',
    py`
      from dataclasses import dataclass
      @dataclass
      class Liar:
          x: int = 1
          def __eq__(self, other): return True
      def f(n): return [Liar()]
    `,
    '[5]',
  ],
];

/** The liar of all trades, for the assertions that are no plain equality. */
export const LIE = lying('Liar()');

/** What programs do before they answer -1 whatever they are asked, so that tests pass which should not. */
export const tamperers: Record<string, string> = {
  'patches unittest': py`
    import unittest
    unittest.TestCase.assertEqual = unittest.TestCase.assertTrue = unittest.TestCase.run = lambda *them, **named: None
  `,
  'patches the builtins': py`
    import builtins
    replaced = "AssertionError isinstance bool len any all Exception BaseException type zip repr print getattr hasattr"
    for name in replaced.split():
        setattr(builtins, name, lambda *them, **named: True)
  `,
  'patches the classes of tests that it finds in memory': py`
    for kind in object.__subclasses__():
        if kind.__name__ == "TestCase":
            for each in [kind, *kind.__subclasses__()]:
                each.assertEqual = each.assertTrue = lambda *them, **named: None
  `,
  'patches their code while a test runs': py`
    def f(n):
        for kind in object.__subclasses__():
            if kind.__name__ == "TestCase":
                for each in [kind, *kind.__subclasses__()]:
                    for name in ("assertEqual", "assertTrue"):
                        if name in vars(each):
                            vars(each)[name].__code__ = (lambda self, *them, **named: None).__code__
        return -1
  `,
  'skips the test': 'import unittest\ndef f(n): raise unittest.SkipTest("x")\n',
  'skips the test by an exception that it finds in memory': py`
    def f(n):
        for kind in Exception.__subclasses__() + BaseException.__subclasses__():
            if kind.__name__ in ("SkipTest", "Skipped"):
                raise kind("x")
        return -1
  `,
  'traces the tests': py`
    import sys
    try:
        sys.settrace(lambda frame, event, value: frame.f_locals.clear())
    except RuntimeError:
        pass
  `,
  'ends the program': 'import sys\ndef f(n): sys.exit(0)\n',
  'takes imports apart': 'import sys\nsys.meta_path.clear()\nsys.path_hooks.clear()\n',
  'replaces the hooks for exceptions': 'import sys\nsys.excepthook = sys.unraisablehook = lambda *them: None\n',
  'makes warnings errors': 'import warnings\nwarnings.simplefilter("error")\n',
};
