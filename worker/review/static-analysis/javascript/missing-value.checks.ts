import type { Remark } from '../remark.ts';
import type { Guards } from './guards.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import { isFilled } from './known-lists.ts';
import { rootList } from './root-list.ts';
import {
  isFunction,
  isNamed,
  iterationOf,
  linesOf,
  methodOf,
  nameOf,
  ownerOf,
  within,
  type Node,
  type NodeOf,
  type Program,
  type PlainNodeOf,
  type PlainNode,
} from './syntax.ts';

type Found = Remark<JavaScriptRule>[];

/** Answers that may be missing, and words that may be empty. */
export function missingValueChecks(program: Program, guards: Guards): Found {
  return [...missingAnswers(program, guards), ...emptyWords(program, guards)];
}

/** `exec`, `match` and `find` answer with nothing when there is nothing. */
function missingAnswers(program: Program, guards: Guards): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    if (method === null || !isMayBeNothing(call, method.name)) return [];
    const { parent } = call;
    const data = { method: method.name };
    if (parent.type === 'MemberExpression' && parent.object === call && !parent.optional) {
      if (method.name === 'find' && method.object.type === 'Identifier' && isFilled(method.object, program)) return [];
      return [{ rule: 'answer-may-be-missing', ...linesOf(parent), data }];
    }
    if (parent.type !== 'VariableDeclarator' || parent.init !== call) return [];
    if (parent.id.type === 'ArrayPattern') return [{ rule: 'answer-may-be-missing', ...linesOf(parent), data }];
    if (parent.id.type !== 'Identifier') return [];
    const name = parent.id.name;
    if (guards.asksForPresence(call, name) || isTestedBefore(call, program)) return [];
    const use = firstReadOn(name, call, program);
    return use === null
      ? []
      : [{ rule: 'answer-may-be-missing', startLine: linesOf(call).startLine, endLine: linesOf(use).endLine, data }];
  });
}

/** `if (!pattern.test(text)) return …` has asked already. */
function isTestedBefore(call: Node, program: Program): boolean {
  return [...within(ownerOf(call), program)].some((node) => {
    if (node.type !== 'IfStatement' && node.type !== 'ConditionalExpression') return false;
    return [...within(node.test, program)].some(
      (part) =>
        part.type === 'CallExpression' && ['test', 'includes', 'some', 'has'].includes(methodOf(part)?.name ?? ''),
    );
  });
}

function isMayBeNothing(call: NodeOf<'CallExpression'>, name: string): boolean {
  const [first] = call.arguments;
  if (name === 'exec') return call.arguments.length === 1;
  if (name === 'find') return first !== undefined && isFunction(first);
  if (name !== 'match') return false;
  return first?.type === 'Literal' && 'regex' in first;
}

function firstReadOn(name: string, call: Node, program: Program): Node | null {
  for (const node of within(ownerOf(call), program)) {
    if (node.type === 'MemberExpression' && !node.optional && isNamed(node.object, name)) return node;
  }
  return null;
}

/** Splitting an empty text, or one with blanks at its ends, gives empty words. */
function emptyWords(program: Program, guards: Guards): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    const [separator] = call.arguments;
    if (method?.name !== 'split' || separator?.type !== 'Literal' || !isBlankSeparator(separator)) return [];
    if (isNarrowed(call) || trims(method.object)) return [];
    const loop = program.nodes
      .flatMap((node) => iterationOf(node, program.textOf) ?? [])
      .find((each) => goesThrough(each.over, call, program));
    if (loop === undefined || loop.names.some((name) => guards.asksAbout(loop.node, name))) return [];
    if (guards.asksAbout(call, nameOf(rootList(method.object), program))) return [];
    return [{ rule: 'empty-words', ...linesOf(call), data: { text: nameOf(rootList(method.object), program) } }];
  });
}

function isBlankSeparator(separator: NodeOf<'Literal'> | PlainNodeOf<'Literal'>): boolean {
  return separator.value === ' ' || ('regex' in separator && /^(?:\\s\+?|[ ]\+?)$/.test(separator.regex.pattern));
}

/** `split(…).filter(…)`. */
function isNarrowed(call: Node): boolean {
  const { parent } = call;
  return parent?.type === 'MemberExpression' && isNamed(parent.property, 'filter');
}

function trims(node: PlainNode): boolean {
  if (node.type !== 'CallExpression') return false;
  const method = methodOf(node);
  return method !== null && (method.name.startsWith('trim') || trims(method.object));
}

function goesThrough(over: string | null, call: NodeOf<'CallExpression'>, program: Program): boolean {
  if (over === null) return false;
  if (over === program.textOf(call)) return true;
  const { parent } = call;
  return parent.type === 'VariableDeclarator' && parent.id.type === 'Identifier' && parent.id.name === over;
}
