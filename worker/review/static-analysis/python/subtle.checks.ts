import type { Remark } from '../remark.ts';
import { isTried } from './guards.ts';
import { iterationsAround } from './iterations.ts';
import { factsAround } from './owner-facts.ts';
import type { PythonRule } from './python.advice.ts';
import {
  callOf,
  childrenOf,
  linesOf,
  mentions,
  methodOf,
  subscriptOf,
  within,
  type Program,
  type SyntaxNode,
} from './syntax.ts';
import { assignmentsTo } from './variables.ts';

type Found = Remark<PythonRule>[];

/** Code that works for most input, and does something else for the rest. */
export function subtleChecks(program: Program): Found {
  return [
    ...sumsWithoutStart(program),
    ...unpackedSplits(program),
    ...stuckSearches(program),
    ...flagsInLoops(program),
    ...readsPastEnd(program),
    ...countsAsKeys(program),
    ...livingState(program),
    ...unreachable(program),
    ...windows(program),
  ];
}

/** `counts[key] += 1` in a plain dict where nothing gives a new key its first value. */
function sumsWithoutStart(program: Program): Found {
  return program.all('UpdateStatement').flatMap((node): Found => {
    const subscript = node.firstChild === null ? null : subscriptOf(node.firstChild);
    if (subscript === null || node.firstChild === null || isTried(node)) return [];
    const name = program.textOf(subscript.list);
    const [start] = assignmentsTo(name, node, program);
    if (start?.name !== 'DictionaryExpression' || childrenOf(start).length > 2) return [];
    const { owner, methods } = factsAround(node, program);
    if (
      methods.get(name)?.has('setdefault') === true ||
      isStarted(owner, program.textOf(node.firstChild), name, program)
    )
      return [];
    return [{ rule: 'sum-without-start', ...linesOf(node, program), data: { name } }];
  });
}

function isStarted(owner: SyntaxNode, entry: string, name: string, program: Program): boolean {
  return [...within(owner)].some((node) => {
    if (node.name === 'AssignStatement') return node.firstChild !== null && program.textOf(node.firstChild) === entry;
    return (
      node.name === 'BinaryExpression' &&
      node.getChild('in') !== null &&
      node.lastChild !== null &&
      program.textOf(node.lastChild) === name
    );
  });
}

/** `key, value = line.split("=")`. */
function unpackedSplits(program: Program): Found {
  return program.all('AssignStatement').flatMap((node): Found => {
    const children = childrenOf(node);
    const equals = children.findIndex(({ name }) => name === 'AssignOp');
    const value = children[equals + 1];
    const targets = children.slice(0, equals).filter(({ name }) => name === 'VariableName');
    const call = value === undefined ? null : methodOf(value, program);
    if (
      call?.name !== 'split' ||
      targets.length < 2 ||
      call.args.length !== 1 ||
      call.named.length > 0 ||
      isTried(node)
    )
      return [];
    return [{ rule: 'unpacked-split', ...linesOf(node, program), data: { size: String(targets.length) } }];
  });
}

/** `while low < high: … low = middle`: with two neighbours the middle is `low` again. */
function stuckSearches(program: Program): Found {
  return program.all('WhileStatement').flatMap((loop): Found => {
    const low = /^([A-Za-z_]\w*)\s*<=?\s*[A-Za-z_]\w*$/.exec(program.textOf(childrenOf(loop)[1] ?? loop))?.[1];
    if (low === undefined) return [];
    const stuck = assignmentsTo(low, loop, program).find((value) => {
      if (value.from < loop.from || value.to > loop.to || value.name !== 'VariableName') return false;
      const middle = assignmentsTo(program.textOf(value), loop, program).map(program.textOf);
      return middle.some(
        (text) => new RegExp(`\\b${low}\\b`).test(text) && /\/\/\s*2|>>\s*1/.test(text) && !/\+\s*1/.test(text),
      );
    });
    return stuck === undefined ? [] : [{ rule: 'search-stuck', ...linesOf(stuck, program), data: { name: low } }];
  });
}

/** A loop that only sets a yes or no, and goes on when the answer is known. */
function flagsInLoops(program: Program): Found {
  return program.all('ForStatement').flatMap((loop): Found => {
    const choice = onlyStatement(loop);
    const step =
      choice?.name === 'IfStatement' && choice.getChild('else') === null && choice.getChild('elif') === null
        ? onlyStatement(choice)
        : null;
    const [flag, , value] = step?.name === 'AssignStatement' ? childrenOf(step) : [];
    if (flag?.name !== 'VariableName' || value?.name !== 'Boolean') return [];
    const name = program.textOf(flag);
    const [start] = assignmentsTo(name, loop, program);
    const isFlag = start?.name === 'Boolean' && program.textOf(start) !== program.textOf(value);
    return isFlag ? [{ rule: 'flag-in-loop', ...linesOf(loop, program), data: { name } }] : [];
  });
}

function onlyStatement(node: SyntaxNode): SyntaxNode | null {
  const body = node.getChild('Body');
  const statements = body === null ? [] : childrenOf(body).filter(({ name }) => name !== ':' && name !== 'Comment');
  return statements.length === 1 ? (statements[0] ?? null) : null;
}

/** `items[i + 1]` in a loop over all of `range(len(items))`. */
function readsPastEnd(program: Program): Found {
  return program.all('MemberExpression').flatMap((node): Found => {
    const subscript = subscriptOf(node);
    const index = subscript === null ? null : /^([A-Za-z_]\w*)\s*\+\s*\d+$/.exec(program.textOf(subscript.index))?.[1];
    if (subscript === null || index === undefined || index === null || isTried(node)) return [];
    const list = program.textOf(subscript.list);
    const loop = iterationsAround(node, program).find(({ names }) => names.includes(index));
    const text = loop?.iterable === null || loop === undefined ? '' : program.textOf(loop.iterable).replaceAll(' ', '');
    if (text !== `range(len(${list}))`) return [];
    const asks = factsAround(node, program).tests.some(
      (test) => mentions(test, [index], program) && program.textOf(test).includes('len('),
    );
    return asks ? [] : [{ rule: 'index-past-end', ...linesOf(node, program), data: { list } }];
  });
}

/** `key=items.count` counts through the whole list for each item. */
function countsAsKeys(program: Program): Found {
  return program.all('ArgList').flatMap((node): Found => {
    const key = /\bkey\s*=\s*([A-Za-z_]\w*)\.(count|index)\s*[,)]/.exec(program.textOf(node));
    return key === null
      ? []
      : [{ rule: 'search-in-loop', ...linesOf(node, program), data: { list: key[1] ?? '', method: key[2] ?? '' } }];
  });
}

const STORES = new Set(['append', 'add', 'update', 'extend', 'insert', 'setdefault']);

/** An empty list or dict of the module that functions fill: it lives on between calls. */
function livingState(program: Program): Found {
  return program.all('AssignStatement').flatMap((node): Found => {
    const [target, , value] = childrenOf(node);
    if (
      node.parent?.name !== 'Script' ||
      target?.name !== 'VariableName' ||
      value === undefined ||
      childrenOf(value).length !== 2
    )
      return [];
    const name = program.textOf(target);
    if (!/Array|Dictionary/.test(value.name) || /cache|memo|known|seen|regist/i.test(name)) return [];
    const isFilled = program.all('FunctionDefinition').some((definition) => fills(definition, name, program));
    return isFilled ? [{ rule: 'living-state', ...linesOf(node, program), data: { name } }] : [];
  });
}

function fills(definition: SyntaxNode, name: string, program: Program): boolean {
  return [...within(definition)].some((node) => {
    const method = methodOf(node, program);
    if (method !== null) return STORES.has(method.name) && program.textOf(method.object) === name;
    const target = node.name === 'AssignStatement' || node.name === 'UpdateStatement' ? node.firstChild : null;
    const subscript = target === null ? null : subscriptOf(target);
    return subscript !== null && program.textOf(subscript.list) === name;
  });
}

const LEAVING = new Set(['ReturnStatement', 'RaiseStatement', 'BreakStatement', 'ContinueStatement']);

/** Statements behind one that always leaves the block. */
function unreachable(program: Program): Found {
  return program.all('Body').flatMap((body): Found => {
    const statements = childrenOf(body).filter(
      ({ name }) => name.endsWith('Statement') || name === 'FunctionDefinition',
    );
    const end = statements.findIndex(({ name }) => LEAVING.has(name));
    const first = end < 0 ? undefined : statements[end + 1];
    const last = statements.at(-1);
    if (first === undefined || last === undefined) return [];
    return [
      { rule: 'unreachable', startLine: linesOf(first, program).startLine, endLine: linesOf(last, program).endLine },
    ];
  });
}

/** `sum(values[i:i + size])` for every `i`. */
function windows(program: Program): Found {
  return program.all('CallExpression').flatMap((node): Found => {
    const call = callOf(node, program);
    const [slice] = call?.args ?? [];
    if (call === null || slice?.name !== 'MemberExpression' || !['sum', 'max', 'min'].includes(call.name)) return [];
    const bounds = /\[([^\]:]+):([^\]:]+)\]$/.exec(program.textOf(slice));
    const isInside = iterationsAround(node, program).some(({ names }) => mentions(slice, names, program));
    if (bounds === null || !isInside) return [];
    return [{ rule: 'window-again', ...linesOf(node, program), data: { method: call.name } }];
  });
}
