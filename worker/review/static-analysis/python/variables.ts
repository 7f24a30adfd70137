import { factsAround } from './owner-facts.ts';
import { callOf, childrenOf, methodOf, parametersOf, type Program, type SyntaxNode } from './syntax.ts';

/** What a variable holds, as far as the code around it tells. */
export type Kind = 'list' | 'hash' | 'text' | 'number' | 'parameter' | 'unknown';

const HASH_NAME =
  /(?:set|dict|map|mapping|seen|lookup|table|cache|memo|counts|counter|graph|registry|index|wanted)s?$/i;
const TEXT_NAME =
  /^(?:text|string|str|word|line|sentence|s|c|ch|char|letter|vowels|alphabet|digits|punctuation|name|pattern)$/i;
const HASH_METHODS = new Set(['items', 'keys', 'values', 'get', 'setdefault', 'add', 'union', 'intersection']);
const TEXT_METHODS = new Set(['join', 'lower', 'upper', 'strip', 'replace', 'format', 'rstrip', 'lstrip', 'title']);
const LIST_CALLS = new Set(['list', 'sorted']);
const HASH_CALLS = new Set(['set', 'frozenset', 'dict', 'Counter', 'defaultdict', 'OrderedDict']);

/** Guesses what a name holds at a node, from what is assigned to it and done with it in the same function. */
export function kindOf(name: string, node: SyntaxNode, program: Program): Kind {
  const { owner, methods, keyed } = factsAround(node, program);
  const [first] = assignmentsTo(name, node, program).map((value) => kindOfValue(value, program));
  if (first !== undefined && first !== 'unknown') return first;
  const called = [...(methods.get(name) ?? [])];
  if (HASH_NAME.test(name) || keyed.has(name) || called.some((method) => HASH_METHODS.has(method))) return 'hash';
  if (TEXT_NAME.test(name) || called.some((method) => TEXT_METHODS.has(method))) return 'text';
  if (owner.name === 'FunctionDefinition' && parametersOf(owner, program).includes(name)) {
    return annotatedKind(name, owner, program) ?? 'parameter';
  }
  return 'unknown';
}

/** The values a name is given in the function around a node, in order. */
export function assignmentsTo(name: string, node: SyntaxNode, program: Program): readonly SyntaxNode[] {
  return factsAround(node, program).assignments.get(name) ?? [];
}

function kindOfValue(value: SyntaxNode, program: Program): Kind {
  switch (value.name) {
    case 'ArrayExpression':
    case 'ArrayComprehensionExpression':
      return 'list';
    case 'SetExpression':
    case 'SetComprehensionExpression':
    case 'DictionaryExpression':
    case 'DictionaryComprehensionExpression':
      return 'hash';
    case 'String':
    case 'FormatString':
    case 'ContinuedString':
      return 'text';
    case 'Number':
      return 'number';
    default: {
      const called = callOf(value, program)?.name ?? '';
      if (LIST_CALLS.has(called)) return 'list';
      if (HASH_CALLS.has(called)) return 'hash';
      if (called === 'str' || called === 'input' || TEXT_METHODS.has(methodOf(value, program)?.name ?? ''))
        return 'text';
      return methodOf(value, program)?.name === 'split' ? 'list' : 'unknown';
    }
  }
}

function annotatedKind(name: string, owner: SyntaxNode, program: Program): Kind | null {
  const list = owner.getChild('ParamList');
  const parameter =
    list === null
      ? undefined
      : childrenOf(list).find((child) => child.name === 'VariableName' && program.textOf(child) === name);
  const annotation = parameter?.nextSibling?.name === 'TypeDef' ? program.textOf(parameter.nextSibling) : '';
  if (/\b(?:set|dict|Set|Dict|Mapping|frozenset|Counter)\b/.test(annotation)) return 'hash';
  if (/\bstr\b/.test(annotation) && !/\[/.test(annotation)) return 'text';
  if (/^:\s*(?:int|float)\b/.test(annotation)) return 'number';
  return /\b(?:list|List|Sequence|tuple)\b/.test(annotation) ? 'list' : null;
}
