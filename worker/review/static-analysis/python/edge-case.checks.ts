import type { Remark } from '../remark.ts';
import { asksForEmptiness, lengthOf } from './guards.ts';
import { iterationsAround, type Iteration } from './iterations.ts';
import type { PythonRule } from './python.advice.ts';
import {
  callOf,
  childrenOf,
  linesOf,
  methodOf,
  ownerOf,
  parametersOf,
  subscriptOf,
  within,
  type Program,
  type SyntaxNode,
} from './syntax.ts';
import { assignmentsTo, kindOf } from './variables.ts';

type Found = Remark<PythonRule>[];

/** Input that the code does not look at: nothing, the end of a range, what changes on the way. */
export function edgeCaseChecks(program: Program): Found {
  return [
    ...divisions(program),
    ...extremes(program),
    ...firstItems(program),
    ...removals(program),
    ...fractionsCompared(program),
    ...printedErrors(program),
    ...gapsBetweenBands(program),
    ...endlessRecursions(program),
    ...extremesFromZero(program),
    ...lostOrders(program),
  ];
}

function divisions(program: Program): Found {
  return program.all('BinaryExpression').flatMap((node): Found => {
    const operator = node.getChild('ArithOp');
    const divisor = node.lastChild;
    if (operator === null || divisor === null || !['/', '//'].includes(program.textOf(operator))) return [];
    const list = lengthOf(divisor, program);
    if (list === null || isFilled(list, node, program) || asksForEmptiness(node, list, program)) return [];
    return [{ rule: 'division-by-length', ...linesOf(node, program), data: { list } }];
  });
}

/** A list whose literal shows that it has items. */
function isFilled(list: string, node: SyntaxNode, program: Program): boolean {
  return assignmentsTo(list, node, program).some(
    (value) => value.name === 'ArrayExpression' && childrenOf(value).length > 2,
  );
}

function isParameter(name: string, node: SyntaxNode, program: Program): boolean {
  const owner = ownerOf(node);
  return owner.name === 'FunctionDefinition' && parametersOf(owner, program).includes(name);
}

function extremes(program: Program): Found {
  return program.all('CallExpression').flatMap((node): Found => {
    const call = callOf(node, program);
    const list = call?.args[0] === undefined ? undefined : sourceOf(call.args[0], program);
    if (call === null || !['max', 'min'].includes(call.name) || call.args.length !== 1 || list?.name !== 'VariableName')
      return [];
    const name = program.textOf(list);
    if (call.named.includes('default') || !isParameter(name, node, program) || asksForEmptiness(node, name, program))
      return [];
    return [{ rule: 'extreme-of-nothing', ...linesOf(node, program), data: { list: name, method: call.name } }];
  });
}

/** The list behind `sorted(list)`, `set(list)` and their like. */
function sourceOf(node: SyntaxNode, program: Program): SyntaxNode {
  const call = callOf(node, program);
  const [first] = call?.args ?? [];
  return call !== null && first !== undefined && ['sorted', 'set', 'list', 'tuple'].includes(call.name)
    ? sourceOf(first, program)
    : node;
}

function firstItems(program: Program): Found {
  return program.all('MemberExpression').flatMap((node): Found => {
    const subscript = subscriptOf(node);
    if (
      subscript === null ||
      subscript.list.name !== 'VariableName' ||
      !/^(?:0|-1)$/.test(program.textOf(subscript.index))
    )
      return [];
    const name = program.textOf(subscript.list);
    const kind = kindOf(name, node, program);
    if (kind === 'hash' || kind === 'number' || isFilled(name, node, program)) return [];
    if (!isParameter(name, node, program) || asksForEmptiness(node, name, program)) return [];
    if (iterationsAround(node, program).some(({ over }) => over === name)) return [];
    return [{ rule: 'first-of-nothing', ...linesOf(node, program), data: { list: name } }];
  });
}

/** Items taken from the list that a loop is going through. */
function removals(program: Program): Found {
  const calls = program.all('CallExpression').flatMap((node): Found => {
    const method = methodOf(node, program);
    if (method === null || !['remove', 'pop', 'insert', 'append', 'clear'].includes(method.name)) return [];
    const list = program.textOf(method.object);
    const loop = loopOver(list, node, program);
    if (loop === undefined || (loop.isIndexed && ['insert', 'append'].includes(method.name))) return [];
    return [removal(loop, node, list, program)];
  });
  const deletions = program.all('DeleteStatement').flatMap((node): Found => {
    const target = node.getChild('MemberExpression');
    const subscript = target === null ? null : subscriptOf(target);
    if (subscript === null) return [];
    const list = program.textOf(subscript.list);
    const loop = loopOver(list, node, program);
    return loop === undefined ? [] : [removal(loop, node, list, program)];
  });
  return [...calls, ...deletions];
}

function loopOver(list: string, node: SyntaxNode, program: Program): Iteration | undefined {
  if (leavesNext(node)) return undefined;
  return iterationsAround(node, program).find(
    (each) => each.over === list && (each.isDirect || each.isIndexed) && each.node.name === 'ForStatement',
  );
}

/** `list.remove(x)` followed by `break` or `return` in the same block does no harm. */
function leavesNext(node: SyntaxNode): boolean {
  const statement = node.name === 'DeleteStatement' ? node : node.parent;
  const next = statement?.nextSibling?.name;
  return next === 'BreakStatement' || next === 'ReturnStatement';
}

function removal(loop: Iteration, node: SyntaxNode, list: string, program: Program): Found[number] {
  return {
    rule: loop.isIndexed ? 'removal-by-index' : 'removal-in-loop',
    startLine: linesOf(loop.node, program).startLine,
    endLine: linesOf(node, program).endLine,
    data: { list },
  };
}

function fractionsCompared(program: Program): Found {
  return program.all('BinaryExpression').flatMap((node): Found => {
    const operator = node.getChild('CompareOp');
    if (operator === null || !['==', '!='].includes(program.textOf(operator))) return [];
    const numbers = [...within(node)].filter(
      ({ name, parent }) => name === 'Number' && parent?.name === 'BinaryExpression',
    );
    const hasFraction = numbers.some((number) => /\.\d*[1-9]/.test(program.textOf(number)));
    return hasFraction ? [{ rule: 'fractions-compared', ...linesOf(node, program) }] : [];
  });
}

/** An error that is only printed, in a function that otherwise answers with values. */
function printedErrors(program: Program): Found {
  return program.all('CallExpression').flatMap((node): Found => {
    const call = callOf(node, program);
    const [message] = call?.args ?? [];
    const owner = ownerOf(node);
    if (call?.name !== 'print' || message === undefined || owner.name !== 'FunctionDefinition') return [];
    if (
      !['String', 'FormatString'].includes(message.name) ||
      !/error|invalid|must |cannot|not allowed|out of range|illegal/i.test(program.textOf(message))
    )
      return [];
    const answers = [...within(owner)].some(
      (part) => part.name === 'ReturnStatement' && part.firstChild?.nextSibling !== null,
    );
    return answers ? [{ rule: 'error-printed', ...linesOf(node, program) }] : [];
  });
}

type Band = { subject: string; low: number; high: number };

/** `if 75 <= x <= 89 … elif 90 <= x`: what is between 89 and 90 belongs nowhere. */
function gapsBetweenBands(program: Program): Found {
  return program.all('IfStatement').flatMap((node): Found => {
    const tests = childrenOf(node).filter((child) => ['if', 'elif'].includes(child.prevSibling?.name ?? ''));
    const bands = tests.flatMap((test) => bandOf(test, program) ?? []);
    const gap = bands.find((band) => bands.some((next) => next.subject === band.subject && next.low === band.high + 1));
    const [first] = tests;
    const last = tests.at(-1);
    if (gap === undefined || first === undefined || last === undefined) return [];
    return [
      {
        rule: 'gap-between-bands',
        startLine: program.lineOf(first.from),
        endLine: program.lineOf(last.to),
        data: { name: gap.subject, size: String(gap.high) },
      },
    ];
  });
}

/** Both limits of `x >= 75 and x <= 89` and of `75 <= x <= 89`. */
function bandOf(test: SyntaxNode, program: Program): Band | null {
  const text = program
    .textOf(test)
    .replaceAll(/[()\s]+/g, ' ')
    .trim();
  const joined = /^([A-Za-z_]\w*) ?>= ?(\d+) and \1 ?<= ?(\d+)$/.exec(text);
  const chained = /^(\d+) ?<= ?([A-Za-z_]\w*) ?<= ?(\d+)$/.exec(text);
  if (joined !== null) return { subject: joined[1] ?? '', low: Number(joined[2]), high: Number(joined[3]) };
  return chained === null ? null : { subject: chained[2] ?? '', low: Number(chained[1]), high: Number(chained[3]) };
}

/** A recursion by steps of two or more that only stops at exact numbers above 0. */
function endlessRecursions(program: Program): Found {
  return program.all('FunctionDefinition').flatMap((definition): Found => {
    const nameNode = definition.getChild('VariableName');
    const [parameter] = parametersOf(definition, program);
    if (nameNode === null || parameter === undefined) return [];
    const name = program.textOf(nameNode);
    const steps = [...within(definition)].flatMap((node) => {
      const call = callOf(node, program);
      const step =
        call?.name === name && call.args[0] !== undefined ? /-\s*(\d+)$/.exec(program.textOf(call.args[0])) : null;
      return step === null ? [] : [Number(step[1])];
    });
    const tests = [...within(definition)].filter(
      ({ name: kind, prevSibling }) => kind === 'BinaryExpression' && ['if', 'elif'].includes(prevSibling?.name ?? ''),
    );
    const stops = tests.map((test) => exactStop(test, parameter, program));
    if (steps.length === 0 || stops.length === 0 || stops.includes(null)) return [];
    if (Math.min(...stops.map(Number)) <= 0) return [];
    const { startLine } = linesOf(definition, program);
    return [
      { rule: 'no-base-case', startLine, endLine: program.lineOf(tests.at(-1)?.to ?? definition.from), data: { name } },
    ];
  });
}

function exactStop(test: SyntaxNode, parameter: string, program: Program): number | null {
  const match = /^([A-Za-z_]\w*)\s*==\s*(\d+)$/.exec(program.textOf(test));
  return match?.[1] === parameter ? Number(match[2]) : null;
}

/** `if item > best: best = item` with a best that begins at 0: no negative item can ever be the best. */
function extremesFromZero(program: Program): Found {
  return program.all('IfStatement').flatMap((node): Found => {
    const test = childrenOf(node)[1];
    const assignment = node.getChild('Body')?.getChild('AssignStatement');
    const loop = iterationsAround(node, program).at(-1);
    if (test?.name !== 'BinaryExpression' || assignment === null || assignment === undefined || loop === undefined)
      return [];
    const [best, , item] = childrenOf(assignment);
    if (best?.name !== 'VariableName' || item === undefined || !isItemOf(item, loop, program)) return [];
    const name = program.textOf(best);
    const operator = test.getChild('CompareOp');
    if (
      operator === null ||
      !program.textOf(operator).startsWith('>') ||
      test.lastChild === null ||
      program.textOf(test.lastChild) !== name
    )
      return [];
    const [start] = assignmentsTo(name, node, program);
    if (start === undefined || program.textOf(start) !== '0') return [];
    return [{ rule: 'extreme-from-zero', ...linesOf(start, program), data: { name } }];
  });
}

/** The item of a loop itself, by name or by index. */
function isItemOf(item: SyntaxNode, loop: Iteration, program: Program): boolean {
  if (item.name === 'VariableName')
    return !loop.isIndexed && loop.over !== null && loop.names.includes(program.textOf(item));
  const subscript = subscriptOf(item);
  return subscript !== null && program.textOf(subscript.list) === loop.over;
}

/** `list(set(items))`: whatever order the items had is gone. */
function lostOrders(program: Program): Found {
  return program.all('CallExpression').flatMap((node): Found => {
    const call = callOf(node, program);
    const [source] = call?.args ?? [];
    if (call?.name !== 'list' || source === undefined || node.parent?.name === 'ArgList') return [];
    const [first] = source.name === 'BinaryExpression' ? childrenOf(source) : [source];
    const isSet =
      first !== undefined && (callOf(first, program)?.name === 'set' || first.name === 'SetComprehensionExpression');
    return isSet ? [{ rule: 'order-lost', ...linesOf(node, program) }] : [];
  });
}
