import {
  StripperBroke,
  TypeScriptSyntaxError,
  withoutTypes,
} from '../../../grading/sandbox/runner/quickjs/typescript-source.ts';
import type { Analysis, Remark } from '../remark.ts';
import { analyseWithTypes } from './javascript.analysis.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import type { KnownTypes } from './syntax.ts';

export { StripperBroke };

/** What enums, namespaces and parameter properties become breaks these, and no learner wrote it. */
const REWRITTEN = new Set<string>([
  'no-shadow',
  'no-var',
  'no-useless-assignment',
  'no-unused-expressions',
] satisfies JavaScriptRule[]);

/**
 * Reads TypeScript as the JavaScript that is left without its types, at the same places. Types are not checked.
 * @throws StripperBroke: this thread reads no more TypeScript.
 */
export function analyseTypeScript(code: string): Analysis {
  const lines = code.split('\n').length;
  const lineOf = (line: number) => Math.max(1, Math.min(line, lines));
  try {
    const { code: stripped, originOf } = withoutTypes(code);
    const types = erased(code, stripped);
    const analysis = analyseWithTypes(stripped, typesIn(code));
    const isRewritten = code.length !== stripped.length;
    const remarks = analysis.remarks
      .filter((remark) => !isUsedAsType(remark, types) && !(isRewritten && REWRITTEN.has(remark.rule)))
      .map((remark) => ({
        ...remark,
        startLine: lineOf(originOf({ line: remark.startLine, column: 1 }).line),
        endLine: lineOf(originOf({ line: remark.endLine, column: 1 }).line),
      }));
    return {
      ...analysis,
      remarks: [...remarks, ...anyTypes(types), ...assertions(code, types)],
      metrics: { ...analysis.metrics, lines },
    };
  } catch (error) {
    if (!(error instanceof TypeScriptSyntaxError)) throw error;
    const line = lineOf(error.place.line);
    const remark: Remark<JavaScriptRule> = {
      rule: 'syntax-error',
      startLine: line,
      endLine: line,
      data: { problem: firstLine(error.message) },
    };
    return {
      parsed: false,
      remarks: [remark],
      metrics: { lines, functions: 0, maxComplexity: 0, maxNesting: 0, longestFunctionLines: 0 },
      checksEdgeCases: false,
      traits: [],
    };
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '')
    .replace(/^x\s*/, '')
    .replace(/[.\s]+$/, '')
    .toLowerCase();
}

/** What stood where blanks stand now, line by line; nothing when places have moved. */
function erased(code: string, stripped: string): string[] {
  if (code.length !== stripped.length) return [];
  const types: string[] = [];
  for (let place = 0; place < code.length; place++) {
    const before = code.charAt(place);
    types.push(before === '\n' || before !== stripped.charAt(place) ? before : ' ');
  }
  return types
    .join('')
    .replaceAll(/'[^'\n]*'|"[^"\n]*"/g, (text) => ' '.repeat(text.length))
    .split('\n');
}

/** An import or a name that only types use is used nonetheless. */
function isUsedAsType(remark: Remark, types: readonly string[]): boolean {
  const name = remark.data?.['name'];
  if (remark.rule !== 'no-unused-vars' || name === undefined) return false;
  return types.some((line) => line.split(/[^\w$]+/).includes(name));
}

const ANNOTATED =
  /\b([A-Za-z_$][\w$]*)\??\s*:\s*(?:readonly\s+)?(?:([A-Za-z_$][\w$.]*)\[\]|(?:Readonly)?Array<([^<>\n]+)>)/g;

/** Names that are said to be lists. */
function typesIn(code: string): KnownTypes {
  const annotated = [...code.matchAll(ANNOTATED)].map(([, name = '', item, argument]) => ({
    name,
    item: (item ?? argument ?? '').trim(),
  }));
  return {
    lists: new Set(annotated.map(({ name }) => name)),
    numberLists: new Set(annotated.flatMap(({ name, item }) => (item === 'number' ? [name] : []))),
    numbers: new Set([...code.matchAll(/\b([A-Za-z_$][\w$]*)\??\s*:\s*number\b(?!\[)/g)].map(([, name = '']) => name)),
  };
}

/** `map.get(key)!`: the mark is gone from what was parsed. */
function assertions(code: string, types: readonly string[]): Remark<JavaScriptRule>[] {
  return code.split('\n').flatMap((line, index): Remark<JavaScriptRule>[] => {
    const found = /\.(?:get|find|match|exec)\((?:[^()]|\([^()]*\)){0,200}\)!/.exec(line);
    if (found === null || types[index]?.charAt(found.index + found[0].length - 1) !== '!') return [];
    return [{ rule: 'assertion-of-presence', startLine: index + 1, endLine: index + 1 }];
  });
}

function anyTypes(types: readonly string[]): Remark<JavaScriptRule>[] {
  return types.flatMap((text, index): Remark<JavaScriptRule>[] => {
    if (!/(?:[:<,|&(]|\bas)\s*any\b/.test(text)) return [];
    return [{ rule: 'any-type', startLine: index + 1, endLine: index + 1 }];
  });
}
