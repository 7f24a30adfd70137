import type { Remark } from '../remark.ts';
import { isFilled } from './known-lists.ts';
import { missingValueChecks } from './missing-value.checks.ts';
import { rootList } from './root-list.ts';
import { guardsOf, pastTheEnd, type Guards } from './guards.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import {
  initialValueOf,
  isNamed,
  isParameter,
  iterationsAround,
  linesOf,
  mentions,
  methodOf,
  nameOf,
  within,
  type Node,
  type Program,
  type PlainNode,
} from './syntax.ts';

type Found = Remark<JavaScriptRule>[];

const NUMBER_WORDS = new Set(
  'num number age score price count amount digit total weight height length size year point temp temperature salary cost grade int integer distance'.split(
    ' ',
  ),
);

/** Input that the code does not look at: nothing, the last item, a value that may be missing. */
export function edgeCaseChecks(program: Program): Found {
  const guards = guardsOf(program);
  return [
    ...emptyExtremes(program, guards),
    ...divisions(program, guards),
    ...reductions(program, guards),
    ...firstItems(program, guards),
    ...missingValueChecks(program, guards),
    ...endsOfLoops(program),
    ...sortedAsText(program),
    ...fractionsCompared(program),
    ...removals(program),
    ...swallowedErrors(program),
    ...extremesFromZero(program),
  ];
}

function emptyExtremes(program: Program, guards: Guards): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    if (method === null || !isNamed(method.object, 'Math') || !['max', 'min'].includes(method.name)) return [];
    const [only] = call.arguments;
    if (call.arguments.length !== 1 || only?.type !== 'SpreadElement') return [];
    const root = rootList(only.argument);
    const list = nameOf(root, program);
    const source = nameOf(sourceOf(root, program), program);
    if (guards.asksForLength(call, list) || guards.asksForLength(call, source) || isFilled(root, program)) return [];
    return [{ rule: 'extreme-of-nothing', ...linesOf(call), data: { list, method: method.name } }];
  });
}

function divisions(program: Program, guards: Guards): Found {
  const divisors = [
    ...program.all('BinaryExpression').filter((node) => node.operator === '/' || node.operator === '%'),
    ...program.all('AssignmentExpression').filter((node) => node.operator === '/='),
  ];
  return divisors.flatMap((node): Found => {
    const divisor = node.right.type === 'Identifier' ? (initialValueOf(node.right, program) ?? node.right) : node.right;
    if (divisor.type !== 'MemberExpression' || !isNamed(divisor.property, 'length')) return [];
    const list = nameOf(divisor.object, program);
    if (guards.asksForLength(node, list) || node.operator === '%') return [];
    if (divisor.object.type !== 'Identifier' || isFilled(divisor.object, program)) return [];
    return [{ rule: 'division-by-length', ...linesOf(node), data: { list } }];
  });
}

function reductions(program: Program, guards: Guards): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    if (method === null || !['reduce', 'reduceRight'].includes(method.name) || call.arguments.length !== 1) return [];
    const list = nameOf(rootList(method.object), program);
    if (guards.asksForLength(call, list) || isFilled(method.object, program)) return [];
    return [
      {
        rule: 'reduce-of-nothing',
        startLine: linesOf(method.object).endLine,
        endLine: linesOf(call).endLine,
        data: { list },
      },
    ];
  });
}

/** `list[0]` of a list that may be empty: read on from, or taken as the best so far. */
function firstItems(program: Program, guards: Guards): Found {
  return program.all('MemberExpression').flatMap((item): Found => {
    if (!item.computed || item.optional || item.property.type !== 'Literal' || item.property.value !== 0) return [];
    const root = rootList(item.object);
    const list = nameOf(root, program);
    if (root.type !== 'Identifier' || guards.asksForLength(item, list) || isFilled(root, program)) return [];
    const { parent } = item;
    const readsOn = parent.type === 'MemberExpression' && parent.object === item && !parent.optional;
    if (readsOn && !isInsideLoopOver(item, list, program) && isDerivedList(root, program)) {
      return [{ rule: 'first-of-nothing', ...linesOf(item), data: { list } }];
    }
    const isStart = parent.type === 'VariableDeclarator' && parent.init === item && isChanging(parent.parent);
    if (!isStart || !isParameter(root, program)) return [];
    return [{ rule: 'first-as-start', ...linesOf(item), data: { list } }];
  });
}

function isChanging(declaration: Node): boolean {
  return declaration.type === 'VariableDeclaration' && declaration.kind === 'let';
}

/** A parameter, or a list made from something else: nothing shows that it has items. */
function isDerivedList(list: PlainNode, program: Program): boolean {
  const initial = initialValueOf(list, program);
  if (initial === null) return isParameter(list, program);
  if (initial.type !== 'CallExpression') return false;
  return !['split', 'exec', 'match'].includes(methodOf(initial)?.name ?? '');
}

function isInsideLoopOver(node: Node, list: string, program: Program): boolean {
  return iterationsAround(node, program).some((loop) => loop.over === list);
}

function endsOfLoops(program: Program): Found {
  return program.all('ForStatement').flatMap((loop): Found => {
    const past = pastTheEnd(loop, program);
    if (past === null) return [];
    const reads = [...within(loop.body, program)].some(
      (node) =>
        node.type === 'MemberExpression' &&
        node.computed &&
        isNamed(node.property, past.index) &&
        program.textOf(node.object) === past.list,
    );
    const line = loop.test === null || loop.test === undefined ? linesOf(loop).startLine : linesOf(loop.test).startLine;
    return reads ? [{ rule: 'loop-past-end', startLine: line, endLine: line, data: { list: past.list } }] : [];
  });
}

/** `sort()` without a comparison puts 10 before 9. */
function sortedAsText(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    if (method === null || !['sort', 'toSorted'].includes(method.name) || call.arguments.length > 0) return [];
    const list = nameOf(sourceOf(rootList(method.object), program), program);
    if (/\.(?:keys|entries|split|map)\(/.test(program.textOf(method.object))) return [];
    return isNumberName(list) || program.known.numberLists.has(list)
      ? [{ rule: 'sort-as-text', ...linesOf(call), data: { list } }]
      : [];
  });
}

/** `examScores`, `ages`: the last word says what is in the list. */
export function isNumberName(list: string): boolean {
  const word = /[A-Za-z][a-z]*$/.exec(list)?.[0].toLowerCase() ?? '';
  return (
    NUMBER_WORDS.has(word) || NUMBER_WORDS.has(word.replace(/s$/, '')) || NUMBER_WORDS.has(word.replace(/ies$/, 'y'))
  );
}

function sourceOf(list: PlainNode, program: Program): PlainNode {
  const initial = initialValueOf(list, program);
  return initial === null ? list : rootList(initial);
}

function fractionsCompared(program: Program): Found {
  return program.all('BinaryExpression').flatMap((node): Found => {
    if (!/^[!=]==?$/.test(node.operator)) return [];
    const isFraction = (side: PlainNode) =>
      side.type === 'Literal' && typeof side.value === 'number' && !Number.isInteger(side.value);
    const sides = [node.left, node.right].flatMap((side) =>
      side.type === 'BinaryExpression' ? [side.left, side.right] : [side],
    );
    return sides.some(isFraction) ? [{ rule: 'fractions-compared', ...linesOf(node) }] : [];
  });
}

/** Items taken out of the list that a loop is counting through. */
function removals(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    if (method === null || method.name !== 'splice') return [];
    const list = nameOf(method.object, program);
    const loop = iterationsAround(call, program).find((each) => each.over === list);
    if (loop === undefined || stepsBack(loop.node, program)) return [];
    return [{ rule: 'removal-in-loop', ...linesOf(call), data: { list } }];
  });
}

function stepsBack(loop: Node, program: Program): boolean {
  return [...within(loop, program)].some(
    (node) =>
      (node.type === 'UpdateExpression' && node.operator === '--') ||
      (node.type === 'AssignmentExpression' && node.operator === '-=') ||
      node.type === 'BreakStatement' ||
      node.type === 'ReturnStatement',
  );
}

function swallowedErrors(program: Program): Found {
  return program.all('CatchClause').flatMap((clause): Found => {
    const isNothing = clause.body.body.every(
      (statement) =>
        statement.type === 'ContinueStatement' ||
        (statement.type === 'ExpressionStatement' && program.textOf(statement).startsWith('console.')),
    );
    return isNothing ? [{ rule: 'error-swallowed', ...linesOf(clause) }] : [];
  });
}

/** `if (item > best) best = item` with a best that begins at 0: no negative item can ever be the best. */
function extremesFromZero(program: Program): Found {
  return program.all('AssignmentExpression').flatMap((assignment): Found => {
    const { left: best, right: item } = assignment;
    const loop = iterationsAround(assignment, program).at(-1);
    if (
      best.type !== 'Identifier' ||
      loop === undefined ||
      loop.over === null ||
      !isItemOf(item, loop.over, loop.names)
    )
      return [];
    const initial = initialValueOf(best, program);
    if (initial?.type !== 'Literal' || initial.value !== 0 || !isComparedBefore(assignment, best.name, program))
      return [];
    return [{ rule: 'extreme-from-zero', ...linesOf(initial), data: { name: best.name } }];
  });
}

/** The item of a loop itself, by name or by index. */
function isItemOf(item: PlainNode, list: string, names: readonly string[]): boolean {
  if (item.type === 'Identifier') return names.includes(item.name);
  return (
    item.type === 'MemberExpression' && item.computed && item.object.type === 'Identifier' && item.object.name === list
  );
}

function isComparedBefore(assignment: Node, best: string, program: Program): boolean {
  const condition = assignment.parent?.type === 'ExpressionStatement' ? conditionAround(assignment.parent) : null;
  return (
    condition?.type === 'BinaryExpression' &&
    condition.operator.startsWith('>') &&
    isNamed(condition.right, best) &&
    !mentions(condition.left, [best], program)
  );
}

function conditionAround(statement: Node): PlainNode | null {
  const holder = statement.parent?.type === 'BlockStatement' ? statement.parent.parent : statement.parent;
  return holder?.type === 'IfStatement' ? holder.test : null;
}
