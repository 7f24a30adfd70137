import type { CodeMetrics, CodeTrait } from '../../facts.ts';
import type { Analysis, Remark } from '../remark.ts';
import { conditionChecks, queryChecks, type Placed } from './query.checks.ts';
import type { SqlRule } from './sql.advice.ts';
import { statementsOf, type Statement } from './statements.ts';
import {
  isProblem,
  openPostgresParser,
  parsePostgres,
  sqliteProblem,
  type SyntaxProblem,
  type Tree,
} from './syntax.ts';
import { textChecks, textChecksWithoutTree } from './text.checks.ts';
import { as, below, functionName, kindOf, listOf } from './tree.ts';

/**
 * Reads SQL. Its syntax is judged by the database that it is written for; what it means is read from PostgreSQL's tree, which fits most of
 * SQLite as well, and from its words where there is no tree.
 */
export async function analyseSql(code: string, dialect: 'sqlite' | 'postgres' | null): Promise<Analysis> {
  await openPostgresParser();
  const statements = statementsOf(code);
  const lineOf = (place: number) => code.slice(0, place).split('\n').length;
  const parsed = statements.map((statement) => ({
    statement,
    tree: parsePostgres(withoutDoubledEquals(statement.text, dialect)),
  }));
  const broken = dialect === 'postgres' ? firstProblem(parsed) : sqliteProblem(statements);
  if (broken !== null || statements.length === 0) return unreadable(code, broken, lineOf);

  const remarks = parsed.flatMap(({ statement, tree }) => {
    const placed = isProblem(tree) ? textChecksWithoutTree(statement.text) : treeChecks(tree, statement.text);
    return [...placed, ...textChecks(statement.text)].map((remark) => atLines(remark, statement, lineOf));
  });
  const trees = parsed.flatMap(({ tree }) => (isProblem(tree) ? [] : [tree]));
  return {
    parsed: true,
    remarks,
    metrics: metricsOf(code, statements, trees),
    checksEdgeCases: trees.some(looksAtMissingValues),
    traits: traitsOf(trees, remarks),
  };
}

/** SQLite's `==` is `=` to PostgreSQL; places stay the same. */
function withoutDoubledEquals(text: string, dialect: string | null): string {
  return dialect === 'postgres' ? text : text.replaceAll(/'[^']*'|==/g, (part) => (part === '==' ? '= ' : part));
}

function firstProblem(
  parsed: readonly { statement: Statement; tree: Tree | SyntaxProblem }[],
): { statement: Statement; problem: SyntaxProblem } | null {
  for (const { statement, tree } of parsed) if (isProblem(tree)) return { statement, problem: tree };
  return null;
}

function treeChecks(tree: Tree, text: string): Placed[] {
  const selects = [...below(tree)].filter(({ kind }) => kind === 'SelectStmt');
  const inBytes = [
    ...selects.flatMap(({ node }, index) => queryChecks(node, index > 0 || kindOf(tree)?.kind !== 'SelectStmt')),
    ...conditionChecks(tree),
  ];
  const bytes = Buffer.from(text);
  // The tree counts bytes, and we count characters.
  return inBytes.map((remark) => ({ ...remark, place: bytes.subarray(0, remark.place).toString().length }));
}

function atLines(
  { rule, place, data }: Placed,
  { start }: Statement,
  lineOf: (place: number) => number,
): Remark<SqlRule> {
  const line = lineOf(start + place);
  return { rule, startLine: line, endLine: line, ...(data === undefined ? {} : { data }) };
}

function unreadable(
  code: string,
  broken: { statement: Statement; problem: SyntaxProblem } | null,
  lineOf: (place: number) => number,
): Analysis {
  const line = broken === null ? 1 : lineOf(Math.min(code.length, broken.statement.start + broken.problem.place));
  const problem = broken?.problem.problem ?? 'there is no statement';
  return {
    parsed: false,
    remarks: [{ rule: 'syntax-error', startLine: line, endLine: line, data: { problem } }],
    metrics: { lines: code.split('\n').length, functions: 0, maxComplexity: 0, maxNesting: 0, longestFunctionLines: 0 },
    checksEdgeCases: false,
    traits: [],
  };
}

/** A statement is to a script what a function is to a program: joins, conditions and subqueries are its decisions. */
function metricsOf(code: string, statements: readonly Statement[], trees: readonly Tree[]): CodeMetrics {
  const decisions = trees.map(
    (tree) =>
      1 +
      [...below(tree)].filter(({ kind }) =>
        ['JoinExpr', 'BoolExpr', 'SubLink', 'CaseWhen', 'RangeSubselect'].includes(kind),
      ).length,
  );
  return {
    lines: code.split('\n').length,
    functions: 0,
    maxComplexity: Math.max(1, ...decisions),
    maxNesting: Math.max(0, ...trees.map((tree) => subqueryDepth(tree))),
    longestFunctionLines: Math.max(0, ...statements.map(({ text }) => text.split('\n').length)),
  };
}

function subqueryDepth(value: unknown): number {
  let deepest = 0;
  for (const { kind, node } of below(value, ({ kind: inner }) => inner !== 'SubLink' && inner !== 'RangeSubselect')) {
    if (kind === 'SubLink' || kind === 'RangeSubselect')
      deepest = Math.max(deepest, 1 + subqueryDepth(Object.values(node)));
  }
  return deepest;
}

function looksAtMissingValues(tree: Tree): boolean {
  return [...below(tree)].some(({ kind, node }) => {
    if (kind === 'NullTest' || kind === 'CoalesceExpr') return true;
    if (kind === 'A_Expr') return node['kind'] === 'AEXPR_NULLIF';
    return kind === 'FuncCall' && functionName(node) === 'ifnull';
  });
}

function traitsOf(trees: readonly Tree[], remarks: readonly Remark<SqlRule>[]): CodeTrait[] {
  const traits: CodeTrait[] = [];
  const [first] = trees;
  if (first === undefined) return traits;
  const all = trees.flatMap((tree) => [...below(tree)]);
  if (all.some(({ kind }) => kind === 'CommonTableExpr')) traits.push('common_table_expression');
  const joins = all.filter(({ kind }) => kind === 'JoinExpr');
  if (joins.length > 0 && joins.every(({ node }) => node['quals'] !== undefined || node['usingClause'] !== undefined))
    traits.push('explicit_joins');
  const select = as(first, 'SelectStmt');
  const columns = listOf(select?.['targetList']).length;
  if (columns > 0 && !remarks.some(({ rule }) => rule === 'star')) traits.push('named_columns');
  return traits;
}
