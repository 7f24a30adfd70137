import type { Remark } from '../remark.ts';
import { isNumberName } from './edge-case.checks.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import {
  functionAround,
  initialValueOf,
  isNamed,
  isParameter,
  iterationsAround,
  linesOf,
  methodOf,
  nameOf,
  ownerOf,
  within,
  type Node,
  type NodeOf,
  type PlainNode,
  type Program,
} from './syntax.ts';

type Found = Remark<JavaScriptRule>[];

/** Code that works for most input, and quietly does something else for the rest. */
export function subtleChecks(program: Program): Found {
  return [
    ...firstReplacements(program),
    ...sumsWithoutStart(program),
    ...zeroAsNothing(program),
    ...stuckSearches(program),
    ...flagsInLoops(program),
  ];
}

/** `replace` with a pattern for single characters that lacks the g flag. */
function firstReplacements(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const [pattern] = call.arguments;
    if (methodOf(call)?.name !== 'replace' || pattern?.type !== 'Literal' || !('regex' in pattern)) return [];
    const { flags, pattern: source } = pattern.regex;
    if (flags.includes('g') || /^\^|\$$/.test(source) || !/\[|\\[sdwSDW]/.test(source)) return [];
    return [{ rule: 'replace-first-only', ...linesOf(call) }];
  });
}

/** `counts[key] += 1` where nothing gives a new key its first value. */
function sumsWithoutStart(program: Program): Found {
  const targets = [
    ...program
      .all('AssignmentExpression')
      .flatMap((node) => (node.operator === '+=' || node.operator === '-=' ? [node.left] : [])),
    ...program.all('UpdateExpression').map((node) => node.argument),
  ];
  return targets.flatMap((target): Found => {
    if (target.type !== 'MemberExpression' || !target.computed || target.object.type !== 'Identifier') return [];
    if (isIndex(target.property, target as Node, program) || isList(target.object, program)) return [];
    const text = program.textOf(target);
    const isStarted = [...within(ownerOf(target as Node), program)].some((node) =>
      startsOrAsks(node, text, nameOf(target.object, program), program),
    );
    return isStarted
      ? []
      : [{ rule: 'sum-without-start', ...linesOf(target), data: { name: nameOf(target.object, program) } }];
  });
}

function isIndex(key: PlainNode, target: Node, program: Program): boolean {
  if (key.type !== 'Identifier' && key.type !== 'MemberExpression') return true;
  if (key.type === 'MemberExpression') return key.computed;
  return iterationsAround(target, program).some(
    ({ node, names }) => node.type === 'ForStatement' && names.includes(key.name),
  );
}

function isList(object: PlainNode, program: Program): boolean {
  if (object.type === 'Identifier' && program.known.lists.has(object.name)) return true;
  const initial = initialValueOf(object, program);
  if (initial === null) return !isParameter(object, program);
  return initial.type !== 'ObjectExpression' || initial.properties.length > 0;
}

function startsOrAsks(node: Node, text: string, object: string, program: Program): boolean {
  if (node.type === 'AssignmentExpression' && ['=', '??=', '||='].includes(node.operator))
    return program.textOf(node.left) === text;
  if (node.type === 'BinaryExpression' && node.operator === 'in') return program.textOf(node.right) === object;
  if (node.type === 'CallExpression') return /^(?:hasOwn|hasOwnProperty)$/.test(methodOf(node)?.name ?? '');
  return node.type === 'IfStatement' && program.textOf(node.test).includes(text);
}

/** `!price`: a price of 0 counts as none. */
function zeroAsNothing(program: Program): Found {
  return program.all('UnaryExpression').flatMap((node): Found => {
    if (node.operator !== '!' || (node.argument.type !== 'Identifier' && node.argument.type !== 'MemberExpression'))
      return [];
    const name = nameOf(node.argument, program);
    const last = /[\w$]+$/.exec(name)?.[0] ?? '';
    if (/^(?:length|size|count)$/.test(last)) return [];
    const isNumber = program.known.numbers.has(last) || (!last.endsWith('s') && isNumberName(name));
    return isNumber ? [{ rule: 'zero-as-nothing', ...linesOf(node), data: { name } }] : [];
  });
}

/** `while (low < high) { … low = middle; }`: with two neighbours the middle is `low` again. */
function stuckSearches(program: Program): Found {
  return program.all('WhileStatement').flatMap((loop): Found => {
    const { test } = loop;
    if (test.type !== 'BinaryExpression' || !/^<=?$/.test(test.operator) || test.left.type !== 'Identifier') return [];
    const low = test.left.name;
    const steps = [...within(loop.body, program)].filter(
      (node): node is NodeOf<'AssignmentExpression'> => node.type === 'AssignmentExpression',
    );
    const stuck = steps.find(
      (step) => isNamed(step.left, low) && step.operator === '=' && isMiddleOf(step.right, low, program),
    );
    return stuck === undefined ? [] : [{ rule: 'search-stuck', ...linesOf(stuck), data: { name: low } }];
  });
}

function isMiddleOf(value: PlainNode, low: string, program: Program): boolean {
  const initial = value.type === 'Identifier' ? initialValueOf(value, program) : null;
  if (initial === null) return false;
  const text = program.textOf(initial);
  return (
    new RegExp(`\\b${low.replaceAll('$', '\\$')}\\b`).test(text) &&
    /\/ 2|>> 1|>>> 1|\/2/.test(text) &&
    !/ceil/.test(text)
  );
}

/** A loop that only sets a yes or no, and goes on when the answer is known. */
function flagsInLoops(program: Program): Found {
  return program.all('ForStatement', 'ForOfStatement').flatMap((loop): Found => {
    const only = loop.body.type === 'BlockStatement' ? loop.body.body : [loop.body];
    const [choice] = only;
    if (only.length !== 1 || choice?.type !== 'IfStatement' || (choice.alternate ?? null) !== null) return [];
    const steps = choice.consequent.type === 'BlockStatement' ? choice.consequent.body : [choice.consequent];
    const [step] = steps;
    if (steps.length !== 1 || step?.type !== 'ExpressionStatement' || step.expression.type !== 'AssignmentExpression')
      return [];
    const { left, right } = step.expression;
    if (left.type !== 'Identifier' || right.type !== 'Literal' || typeof right.value !== 'boolean') return [];
    const initial = initialValueOf(left, program);
    const isFlag = initial?.type === 'Literal' && initial.value === !right.value && functionAround(loop) !== null;
    return isFlag ? [{ rule: 'flag-in-loop', ...linesOf(loop), data: { name: left.name } }] : [];
  });
}
