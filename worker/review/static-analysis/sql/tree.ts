import type { Tree } from './syntax.ts';

/** A node with its kind, as `{ SelectStmt: {…} }` holds it. */
export type Kinded = { kind: string; node: Tree };

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What `{ Kind: {…} }` holds. */
export function kindOf(value: unknown): Kinded | null {
  if (!isTree(value)) return null;
  const [kind, ...others] = Object.keys(value);
  if (kind === undefined || others.length > 0 || !/^[A-Z]/.test(kind)) return null;
  const node = value[kind];
  return isTree(node) ? { kind, node } : null;
}

/** The node of one kind that a value holds. */
export function as(value: unknown, kind: string): Tree | null {
  const found = kindOf(value);
  return found?.kind === kind ? found.node : null;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** All nodes of some kinds below a value, in order. Where `enters` says no, what is below is left out. */
export function* below(value: unknown, enters: (kinded: Kinded) => boolean = () => true): Generator<Kinded> {
  if (Array.isArray(value)) {
    for (const item of value) yield* below(item, enters);
    return;
  }
  if (!isTree(value)) return;
  const found = kindOf(value);
  if (found !== null) {
    yield found;
    if (!enters(found)) return;
    yield* below(Object.values(found.node), enters);
    return;
  }
  yield* below(Object.values(value), enters);
}

/** A subquery has its own tables and groups: what is in it is not part of the query around it. */
export function isOwn({ kind }: Kinded): boolean {
  return kind !== 'SubLink' && kind !== 'RangeSubselect' && kind !== 'SelectStmt' && kind !== 'CommonTableExpr';
}

export function placeOf(value: unknown): number {
  for (const { node } of below(value))
    if (typeof node['location'] === 'number' && node['location'] >= 0) return node['location'];
  return 0;
}

/** `table.column` or `column`; null for `*`. */
export function columnOf(value: unknown): { table: string | null; column: string; place: number } | null {
  const node = as(value, 'ColumnRef');
  if (node === null) return null;
  const names = listOf(node['fields']).map((field) => as(field, 'String')?.['sval']);
  const column = names.at(-1);
  if (typeof column !== 'string') return null;
  const table = names.at(-2);
  return { table: typeof table === 'string' ? table : null, column, place: placeOf(value) };
}

/** The last part of a function's name, in lower case. */
export function functionName(node: Tree): string {
  const name = as(listOf(node['funcname']).at(-1), 'String')?.['sval'];
  return typeof name === 'string' ? name.toLowerCase() : '';
}

const AGGREGATES = new Set([
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'total',
  'group_concat',
  'string_agg',
  'array_agg',
  'bool_and',
  'bool_or',
  'json_agg',
  'jsonb_agg',
  'stddev',
  'variance',
]);

/** `COUNT(…)` and its like, over a group and not over a window. */
export function isAggregate({ kind, node }: Kinded): boolean {
  return kind === 'FuncCall' && node['over'] === undefined && AGGREGATES.has(functionName(node));
}

/** Whether a value is computed from a whole group. */
export function aggregates(value: unknown): boolean {
  for (const node of below(value, isOwn)) if (isAggregate(node)) return true;
  return false;
}

/** The parts of `a AND b AND c`. */
export function conjuncts(value: unknown): unknown[] {
  const node = as(value, 'BoolExpr');
  if (node !== null && node['boolop'] === 'AND_EXPR') return listOf(node['args']).flatMap(conjuncts);
  return value === undefined || value === null ? [] : [value];
}

/** The operator of a comparison: `=`, `<>`, `~~` (LIKE), … */
export function operatorOf(node: Tree): string {
  const name = as(listOf(node['name']).at(-1), 'String')?.['sval'];
  return typeof name === 'string' ? name : '';
}

export function isConstant(value: unknown): boolean {
  return kindOf(value)?.kind === 'A_Const';
}

/** The text of a literal. */
export function textOf(value: unknown): string | null {
  const text = as(value, 'A_Const')?.['sval'];
  return isTree(text) && typeof text['sval'] === 'string' ? text['sval'] : null;
}

/** A table of FROM under the name it has in the query. */
export type Source = { name: string; table: string | null; isNullable: boolean; place: number };

/** The tables of a FROM clause, those of its joins too. `isNullable`: an outer join may give no row for it. */
export function sourcesOf(from: unknown): Source[] {
  return listOf(from).flatMap((item) => sourcesIn(item, false));
}

function sourcesIn(item: unknown, isNullable: boolean): Source[] {
  const join = as(item, 'JoinExpr');
  if (join !== null) {
    const type = join['jointype'];
    return [
      ...sourcesIn(join['larg'], isNullable || type === 'JOIN_RIGHT' || type === 'JOIN_FULL'),
      ...sourcesIn(join['rarg'], isNullable || type === 'JOIN_LEFT' || type === 'JOIN_FULL'),
    ];
  }
  const kinded = kindOf(item);
  if (kinded === null) return [];
  const alias = isTree(kinded.node['alias']) ? kinded.node['alias']['aliasname'] : undefined;
  const table =
    kinded.kind === 'RangeVar' && typeof kinded.node['relname'] === 'string' ? kinded.node['relname'] : null;
  const name = typeof alias === 'string' ? alias : table;
  return name === null ? [] : [{ name, table, isNullable, place: placeOf(item) }];
}
