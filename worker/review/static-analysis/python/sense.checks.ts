import type { Remark } from '../remark.ts';
import { iterationOf } from './iterations.ts';
import type { PythonRule } from './python.advice.ts';
import {
  isSame,
  linesOf,
  methodOf,
  ownerOf,
  parametersOf,
  subscriptOf,
  within,
  type Program,
  type SyntaxNode,
} from './syntax.ts';
import { assignmentsTo } from './variables.ts';

type Found = Remark<PythonRule>[];

/** Ways of saying it that Python has better words for, and changes that a caller would not expect. */
export function senseChecks(program: Program): Found {
  return [...indexLoops(program), ...changedParameters(program)];
}

/** `for i in range(len(items))` where `i` is only used to read `items[i]`. */
function indexLoops(program: Program): Found {
  return program.all('ForStatement').flatMap((node): Found => {
    const loop = iterationOf(node, program);
    const [index, ...others] = loop?.names ?? [];
    const text = loop?.iterable === null || loop === null ? '' : program.textOf(loop.iterable);
    if (index === undefined || others.length > 0 || !/^range\(\s*len\(\s*[A-Za-z_]\w*\s*\)\s*\)$/.test(text)) return [];
    const body = node.getChild('Body');
    const uses =
      body === null
        ? []
        : [...within(body)].filter((part) => part.name === 'VariableName' && program.textOf(part) === index);
    const list = loop?.over ?? '';
    if (uses.length === 0 || !uses.every((use) => readsItem(use, list, program))) return [];
    const { startLine } = linesOf(node, program);
    return [{ rule: 'index-loop', startLine, endLine: startLine, data: { list } }];
  });
}

function readsItem(use: SyntaxNode, list: string, program: Program): boolean {
  const item = use.parent;
  const subscript = item === null ? null : subscriptOf(item);
  if (item === null || subscript === null || program.textOf(subscript.list) !== list) return false;
  if (item.parent?.name === 'DeleteStatement' || item.parent?.name === 'UpdateStatement') return false;
  return !(
    item.parent?.name === 'AssignStatement' &&
    item.parent.firstChild !== null &&
    isSame(item.parent.firstChild, item)
  );
}

/** The caller's own list is put in another order or loses items. */
function changedParameters(program: Program): Found {
  return program.all('CallExpression').flatMap((node): Found => {
    const method = methodOf(node, program);
    if (
      method === null ||
      !['sort', 'reverse', 'remove', 'clear', 'pop'].includes(method.name) ||
      method.object.name !== 'VariableName'
    )
      return [];
    const list = program.textOf(method.object);
    const owner = ownerOf(node);
    if (owner.name !== 'FunctionDefinition' || !parametersOf(owner, program).includes(list)) return [];
    if (assignmentsTo(list, node, program).length > 0) return [];
    return [{ rule: 'parameter-changed', ...linesOf(node, program), data: { list, method: method.name } }];
  });
}
