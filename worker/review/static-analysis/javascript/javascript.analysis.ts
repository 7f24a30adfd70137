import { Linter } from 'eslint/universal';
import type { Analysis, Remark } from '../remark.ts';
import { edgeCaseChecks } from './edge-case.checks.ts';
import { efficiencyChecks } from './efficiency.checks.ts';
import { checksEdgeCases } from './guards.ts';
import { javascriptAdvice, type JavaScriptRule } from './javascript.advice.ts';
import { linterConfig, ruleFor } from './linter-rules.ts';
import { senseChecks } from './sense.checks.ts';
import { subtleChecks } from './subtle.checks.ts';
import { measure, traitsOf } from './structure.ts';
import { functionAround, isFunction, linesOf, readProgram, type KnownTypes, type Program } from './syntax.ts';

const FILE = 'learner.js';
const NOTHING_MEASURED = { functions: 0, maxComplexity: 0, maxNesting: 0, longestFunctionLines: 0 };

const NO_TYPES: KnownTypes = { lists: new Set(), numberLists: new Set(), numbers: new Set() };

/** Reads JavaScript with ESLint's rules and our own. */
export function analyseJavaScript(code: string): Analysis {
  return analyseWithTypes(code, NO_TYPES);
}

/** The same, where types that are gone have told something. */
export function analyseWithTypes(code: string, known: KnownTypes): Analysis {
  const linter = new Linter({ configType: 'flat' });
  const messages = lint(linter, code);
  const lines = code.split('\n').length;
  const fatal = messages.find((message) => message.fatal === true);
  if (fatal !== undefined) return unreadable(fatal, lines);
  const program = readProgram(linter.getSourceCode(), known);
  const { metrics, remarks } = measure(program, lines);
  const found: Remark<JavaScriptRule>[] = withoutConsequences(program, [
    ...messages.flatMap((message) => fromLinter(message, program)),
    ...efficiencyChecks(program),
    ...edgeCaseChecks(program),
    ...senseChecks(program),
    ...subtleChecks(program),
    ...remarks,
  ]);
  const isQuadratic = found.some(({ rule }) => 'quadratic' in javascriptAdvice[rule]);
  return {
    parsed: true,
    remarks: found,
    metrics,
    checksEdgeCases: checksEdgeCases(program),
    traits: traitsOf(program, { metrics }, isQuadratic),
  };
}

/** As a module, and if it is none, as a script of CommonJS, where some words are allowed that modules do not know. */
function lint(linter: Linter, code: string): Linter.LintMessage[] {
  const asModule = linter.verify(code, linterConfig('module'), { filename: FILE });
  if (!asModule.some((message) => message.fatal === true)) return asModule;
  const asScript = new Linter({ configType: 'flat' }).verify(code, linterConfig('commonjs'), { filename: FILE });
  if (asScript.some((message) => message.fatal === true)) return asModule;
  return linter.verify(code, linterConfig('commonjs'), { filename: FILE });
}

/** @throws RangeError when it is the parser that could not, and not the code that is wrong. */
function unreadable(fatal: Linter.LintMessage, lines: number): Analysis {
  if (/stack/i.test(fatal.message)) throw new RangeError(fatal.message);
  const line = Math.max(1, Math.min(fatal.line ?? 1, lines));
  const problem = fatal.message
    .replace(/^Parsing error: /, '')
    .replace(/\s*\(\d+:\d+\)$/, '')
    .toLowerCase();
  return {
    parsed: false,
    remarks: [{ rule: 'syntax-error', startLine: line, endLine: line, data: { problem } }],
    metrics: { lines, ...NOTHING_MEASURED },
    checksEdgeCases: false,
    traits: [],
  };
}

function fromLinter(message: Linter.LintMessage, program: Program): Remark<JavaScriptRule>[] {
  const rule = message.ruleId === null ? null : ruleFor(message.ruleId);
  if (rule === null || isEntryPoint(message, program) || isSettledElsewhere(message, program)) return [];
  const endLine = isHeadOnly(rule) ? message.line : (message.endLine ?? message.line);
  const name = /'([^']+)'/.exec(message.message)?.[1];
  return [{ rule, startLine: message.line, endLine, ...(name === undefined ? {} : { data: { name } }) }];
}

/** These rules mark a whole function or loop; its first line says enough. */
function isHeadOnly(rule: JavaScriptRule): boolean {
  return rule === 'no-loop-func' || rule === 'no-unreachable-loop' || rule === 'for-direction';
}

/** A function at the top that nothing in the file calls is what the tests call. */
function isEntryPoint(message: Linter.LintMessage, program: Program): boolean {
  if (message.ruleId !== 'no-unused-vars') return false;
  return program
    .all('FunctionDeclaration', 'ClassDeclaration')
    .some(
      (node) =>
        node.parent.type === 'Program' &&
        node.id?.loc?.start.line === message.line &&
        node.id.loc.start.column + 1 === message.column,
    );
}

/** What only follows from another remark tells nothing new. */
function withoutConsequences(program: Program, remarks: Remark<JavaScriptRule>[]): Remark<JavaScriptRule>[] {
  const places = program.nodes.filter(isFunction).map(linesOf);
  const swallowed = remarks.filter(({ rule }) => rule === 'error-swallowed');
  const assigned = remarks.filter(({ rule }) => rule === 'no-cond-assign');
  return remarks.filter(({ rule, startLine }) => {
    // A function that swallows an error returns nothing then.
    if (rule === 'consistent-return') {
      const place = places.find((each) => each.startLine === startLine);
      return !swallowed.some(
        (other) => place !== undefined && other.startLine >= place.startLine && other.endLine <= place.endLine,
      );
    }
    return rule !== 'no-constant-condition' || !assigned.some((other) => other.startLine === startLine);
  });
}

/**
 * `return stop();` to leave early from a function that answers nothing, and functions that end in a switch over everything there is: what
 * ESLint says of them is right and helps nobody.
 */
function isSettledElsewhere(message: Linter.LintMessage, program: Program): boolean {
  if (message.ruleId !== 'consistent-return') return false;
  const owner = program.nodes
    .filter(isFunction)
    .findLast((node) => linesOf(node).startLine <= message.line && linesOf(node).endLine >= message.line);
  if (owner === undefined || owner.body.type !== 'BlockStatement') return false;
  if (owner.body.body.at(-1)?.type === 'SwitchStatement') return true;
  const answers = program
    .all('ReturnStatement')
    .flatMap((node) => (functionAround(node) === owner ? (node.argument ?? []) : []));
  return answers.every(({ type }) => type === 'CallExpression' || type === 'AwaitExpression');
}
