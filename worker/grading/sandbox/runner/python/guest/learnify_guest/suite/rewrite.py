"""
Compiles the author's files, with `assert` telling what it compared: `assert f(2) == 4` becomes a call of the harness with both sides.
"""

from ..primordials import BUILTINS as __builtins__

from ..primordials import modules
from ..program import compile_file, compile_or_fault

#: The flag of `compile` that stops at the tree.
ONLY_AST = 0x400
MAX_SOURCE_CHARS = 500

#: Names that no source can spell; the author's built-ins have them.
CHECK = '@check'
FAIL = '@fail'

OPERATORS = {
    'Eq': '==', 'NotEq': '!=', 'Lt': '<', 'LtE': '<=', 'Gt': '>', 'GtE': '>=', 'Is': 'is', 'IsNot': 'is not', 'In': 'in', 'NotIn': 'not in',
}
#: Methods of TestCase whose arguments are an answer and what it should be, in the order that the author likes.
EQUALITIES = frozenset(('assertEqual', 'assertEquals', 'assertAlmostEqual', 'assertIs', 'assertCountEqual', 'assertListEqual'))


class Assertion:
    """One `assert` of the source: `operators` of a comparison (none for a mere value), and whether the expected side is written first."""

    __slots__ = ('operators', 'is_negated', 'expects_first', 'text')

    def __init__(self, operators, is_negated, expects_first, text):
        self.operators = operators
        self.is_negated = is_negated
        self.expects_first = expects_first
        self.text = text


real_import = __import__


class Rewriter:
    """Keeps what the assertions of all files are, by number. Files without an `assert` are compiled as they are, which is quicker."""

    def __init__(self, sources):
        self.assertions = []
        self._sources = {}
        self._trees = {}
        if any(has_assert(source) for source in sources):
            syntax()

    def compile(self, source, path):
        """Code of a file. Raises Fault with the place of what is wrong."""
        self._sources[path] = source
        if not has_assert(source):
            return compile_file(source, path)

        def compiling():
            tree = parse(source, path)
            statements = Statements(source, self.assertions)
            for node in nodes_of(tree):
                statements.replace_in(node)
            return compile(tree, path, 'exec', dont_inherit=True)

        return compile_or_fault(compiling, path)

    def expects_first(self, path, line):
        """Whether the method of TestCase that is called on a line is given the expected value before the answer."""
        if path not in self._trees:
            self._trees[path] = parse(self._sources[path], path)
        for node in nodes_of(self._trees[path]):
            if is_equality_call(node) and node.lineno <= line <= node.end_lineno:
                return is_literal(node.args[0]) and not is_literal(node.args[1])
        return False


def parse(source, path):
    """The syntax tree of a file."""
    syntax()
    return compile(source.removeprefix('\ufeff'), path, 'exec', ONLY_AST, dont_inherit=True)


def syntax():
    """The classes of the syntax tree; loading them takes as long as running a small suite."""
    real_import('_ast')
    return modules['_ast']


def has_assert(source):
    """Whether the word `assert` is in a file, perhaps in a comment."""
    at = source.find('assert')
    while at >= 0:
        if not is_name_part(source[at + 6 : at + 7]) and not is_name_part(source[at - 1 : at]):
            return True
        at = source.find('assert', at + 6)
    return False


def is_name_part(character):
    return character.isalnum() or character == '_'


def nodes_of(tree):
    """All nodes of a tree, each before those below it; without recursion, since sources may be deep."""
    AST = modules['_ast'].AST
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            if type(value) is list:
                waiting += [item for item in value if isinstance(item, AST)]
            elif isinstance(value, AST):
                waiting.append(value)


def is_equality_call(node):
    return (
        type(node).__name__ == 'Call' and type(node.func).__name__ == 'Attribute' and node.func.attr in EQUALITIES and len(node.args) > 1
    )


class Statements:
    """Replaces the asserts of one file."""

    def __init__(self, source, assertions):
        self._ast = syntax()
        self._source = source.removeprefix('\ufeff')
        self._lines = None
        self._assertions = assertions

    def replace_in(self, node):
        """Replaces the asserts among the statements of a node."""
        for field in node._fields:
            value = getattr(node, field, None)
            if type(value) is list and any(type(item) is self._ast.Assert for item in value):
                value[:] = [part for item in value for part in self._replaced(item)]

    def _replaced(self, node):
        _ast = self._ast
        if type(node) is not _ast.Assert:
            return [node]
        test = node.test
        if type(test) is _ast.BoolOp and type(test.op) is _ast.And:
            return [self._call_of(part, node) for part in test.values]
        return [self._call_of(test, node)]

    def _call_of(self, test, node):
        """The statement `@check(number, left, right) or @fail(number, message)`."""
        _ast = self._ast
        is_negated = type(test) is _ast.UnaryOp and type(test.op) is _ast.Not
        shown = test
        test = test.operand if is_negated else test
        operators, values = (), [test]
        if type(test) is _ast.Compare:
            operators = tuple(OPERATORS[type(operator).__name__] for operator in test.ops)
            values = [test.left, *test.comparators]
        expects_first = len(values) == 2 and is_literal(values[0]) and not is_literal(values[1])
        number = len(self._assertions)
        self._assertions.append(Assertion(operators, is_negated, expects_first, self._text_of(shown)))
        place = {'lineno': node.lineno, 'col_offset': node.col_offset, 'end_lineno': node.end_lineno, 'end_col_offset': node.end_col_offset}

        def call(name, arguments):
            key = _ast.Constant(value=number, **place)
            return _ast.Call(func=_ast.Name(id=name, ctx=_ast.Load(), **place), args=[key, *arguments], keywords=[], **place)

        message = [] if node.msg is None else [node.msg]
        both = _ast.BoolOp(op=_ast.Or(), values=[call(CHECK, values), call(FAIL, message)], **place)
        return _ast.Expr(value=both, **place)

    def _text_of(self, node):
        """The source of an expression in one line."""
        if self._lines is None:
            source = self._source.replace('\r\n', '\n').replace('\r', '\n')
            # Columns are counted in bytes.
            self._lines = [line.encode('utf-8', 'surrogatepass') for line in source.split('\n')]
        lines = self._lines[node.lineno - 1 : node.end_lineno]
        if not lines:
            return ''
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        text = ' '.join(line.decode('utf-8', 'replace').strip() for line in lines)
        return text if len(text) <= MAX_SOURCE_CHARS else text[:MAX_SOURCE_CHARS] + '…'


def is_literal(node):
    """Whether an expression is written out, so that it is what the author expects rather than what the program answered."""
    kind = type(node).__name__
    if kind in ('List', 'Tuple', 'Set'):
        return all(is_literal(item) for item in node.elts)
    if kind == 'Dict':
        return all(is_literal(item) for item in [*node.keys, *node.values])
    return kind == 'Constant' or kind == 'UnaryOp' and is_literal(node.operand)
