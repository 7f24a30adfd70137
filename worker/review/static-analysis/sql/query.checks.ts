import type { Remark } from '../remark.ts';
import type { SqlRule } from './sql.advice.ts';
import type { Tree } from './syntax.ts';
import {
  aggregates,
  as,
  below,
  columnOf,
  conjuncts,
  functionName,
  isAggregate,
  isConstant,
  isOwn,
  kindOf,
  listOf,
  operatorOf,
  placeOf,
  sourcesOf,
  textOf,
  type Kinded,
} from './tree.ts';

/** A remark with its place as an offset into the statement. */
export type Placed = { rule: SqlRule; place: number; data?: Remark['data'] };

/** What one SELECT of a statement gives reason to say. `isInner`: it is a subquery of another. */
export function queryChecks(query: Tree, isInner: boolean): Placed[] {
  return [
    ...starColumns(query, isInner),
    ...ungroupedColumns(query),
    ...lateFilters(query),
    ...ordinals(query),
    ...unconnectedTables(query),
    ...undoneOuterJoins(query),
    ...countsOfNoPartner(query),
    ...aggregatesInWhere(query),
    ...unorderedLimits(query),
    ...repeatedScans(query, isInner),
    ...existenceByCounting(query),
  ];
}

function starColumns(query: Tree, isInner: boolean): Placed[] {
  if (isInner) return [];
  return listOf(query['targetList']).flatMap((target): Placed[] => {
    const column = as(as(target, 'ResTarget')?.['val'], 'ColumnRef');
    const isStar = column !== null && listOf(column['fields']).some((field) => kindOf(field)?.kind === 'A_Star');
    return isStar ? [{ rule: 'star', place: placeOf(target) }] : [];
  });
}

/** Columns beside aggregates that no group is made of. */
function ungroupedColumns(query: Tree): Placed[] {
  const targets = listOf(query['targetList']);
  const groups = listOf(query['groupClause']);
  if (groups.length === 0 && !targets.some(aggregates)) return [];
  const grouped = groups.flatMap((group) => columnOf(group)?.column ?? []);
  if (groups.some((group) => columnOf(group) === null) || grouped.includes('id')) return [];
  return targets.flatMap((target): Placed[] => {
    const column = columnOf(as(target, 'ResTarget')?.['val']);
    if (column === null || grouped.includes(column.column)) return [];
    return [{ rule: 'ungrouped-column', place: column.place, data: { column: column.column } }];
  });
}

/** HAVING on single rows. */
function lateFilters(query: Tree): Placed[] {
  return conjuncts(query['havingClause'])
    .filter(
      (condition) => !aggregates(condition) && [...below(condition, isOwn)].some(({ kind }) => kind === 'ColumnRef'),
    )
    .map((condition) => ({ rule: 'late-filter', place: placeOf(condition) }));
}

function ordinals(query: Tree): Placed[] {
  const sorted = listOf(query['sortClause']).map((sort) => as(sort, 'SortBy')?.['node']);
  const numbered = [...listOf(query['groupClause']), ...sorted].filter(
    (value) => as(value, 'A_Const')?.['ival'] !== undefined,
  );
  return numbered.map((value) => ({ rule: 'ordinal', place: placeOf(value) }));
}

/** Tables of FROM that no condition ties to the others. */
function unconnectedTables(query: Tree): Placed[] {
  const sources = sourcesOf(query['fromClause']);
  const items = listOf(query['fromClause']);
  if (items.length < 2 || items.some((item) => kindOf(item)?.kind === 'RangeFunction')) return [];
  const groups = new Map(sources.map(({ name }) => [name, name]));
  const rootOf = (name: string): string => {
    const parent = groups.get(name) ?? name;
    return parent === name ? name : rootOf(parent);
  };
  const connect = (names: readonly string[]): void => {
    const [first, ...others] = names;
    if (first !== undefined) for (const other of others) groups.set(rootOf(other), rootOf(first));
  };
  for (const item of items) connect(sourcesOf([item]).map(({ name }) => name));
  for (const condition of conjuncts(query['whereClause'])) {
    const columns = [...below(condition)].flatMap(({ kind, node }) => columnOf({ [kind]: node }) ?? []);
    // A column without its table may belong to any of them.
    if (columns.length > 1 && columns.some(({ table }) => table === null)) connect(sources.map(({ name }) => name));
    connect([...new Set(columns.flatMap(({ table }) => (table !== null && groups.has(table) ? [table] : [])))]);
  }
  if (new Set(sources.map(({ name }) => rootOf(name))).size > 1) {
    const apart = sources.find(({ name }) => rootOf(name) !== rootOf(sources[0]?.name ?? ''));
    return [{ rule: 'cartesian', place: placeOf(items[0]), data: { table: apart?.name ?? '' } }, ...distinctOf(query)];
  }
  return [{ rule: 'comma-join', place: placeOf(items[0]) }];
}

/** DISTINCT over rows that were multiplied by mistake. */
function distinctOf(query: Tree): Placed[] {
  return query['distinctClause'] === undefined
    ? []
    : [{ rule: 'distinct-patch', place: Math.max(0, placeOf(query['targetList']) - 1) }];
}

/** A condition of WHERE that no row without a partner can meet. */
function undoneOuterJoins(query: Tree): Placed[] {
  const nullable = new Set(
    sourcesOf(query['fromClause']).flatMap(({ name, isNullable }) => (isNullable ? [name] : [])),
  );
  if (nullable.size === 0) return [];
  return conjuncts(query['whereClause'])
    .filter((condition) => {
      const compared = as(condition, 'A_Expr');
      if (compared === null) return false;
      const sides = [compared['lexpr'], compared['rexpr']].map(columnOf);
      return sides.some((side) => side?.table !== null && side !== null && nullable.has(side.table));
    })
    .slice(0, 1)
    .map((condition) => {
      const table = [as(condition, 'A_Expr')?.['lexpr'], as(condition, 'A_Expr')?.['rexpr']]
        .map(columnOf)
        .find((side) => nullable.has(side?.table ?? ''))?.table;
      return { rule: 'outer-join-undone', place: placeOf(condition), data: { table: table ?? '' } };
    });
}

function aggregatesInWhere(query: Tree): Placed[] {
  return [...below(query['whereClause'], isOwn)].filter(isAggregate).map(({ kind, node }) => ({
    rule: 'aggregate-in-where',
    place: placeOf({ [kind]: node }),
    data: { method: functionName(node).toUpperCase() },
  }));
}

/** COUNT(*) by group over an outer join. */
function countsOfNoPartner(query: Tree): Placed[] {
  if (listOf(query['groupClause']).length === 0 || !sourcesOf(query['fromClause']).some(({ isNullable }) => isNullable))
    return [];
  if (query['whereClause'] !== undefined) return [];
  return [...below(query['targetList'], isOwn)]
    .filter(({ kind, node }) => kind === 'FuncCall' && functionName(node) === 'count' && node['agg_star'] === true)
    .map(({ kind, node }) => ({ rule: 'count-of-no-partner', place: placeOf({ [kind]: node }) }));
}

function unorderedLimits(query: Tree): Placed[] {
  if (query['limitCount'] === undefined || query['sortClause'] !== undefined || query['fromClause'] === undefined)
    return [];
  // One row of one value is the same in any order.
  if (listOf(query['targetList']).some(aggregates)) return [];
  return [{ rule: 'unordered-limit', place: placeOf(query['limitCount']) }];
}

/** Subqueries inside subqueries over the same table, each reading it once more. */
function repeatedScans(query: Tree, isInner: boolean): Placed[] {
  if (isInner) return [];
  const outer = sourcesOf(query['fromClause']).flatMap(({ table }) => table ?? []);
  const inner = [...below(query['whereClause'])].filter(({ kind }) => kind === 'SelectStmt' || kind === 'SubLink');
  const again = inner.filter(({ kind, node }) => {
    const select = kind === 'SubLink' ? as(node['subselect'], 'SelectStmt') : null;
    return (
      select !== null && sourcesOf(select['fromClause']).some(({ table }) => table !== null && outer.includes(table))
    );
  });
  return again.length < 2
    ? []
    : [{ rule: 'repeated-scan', place: placeOf(query['whereClause']), data: { table: outer[0] ?? '' } }];
}

/** `(SELECT COUNT(*) …) = 0` for each row. */
function existenceByCounting(query: Tree): Placed[] {
  const own = new Set(sourcesOf(query['fromClause']).map(({ name }) => name));
  const isCorrelated = (select: Tree) =>
    [...below(select['whereClause'])].some(({ kind, node }) => own.has(columnOf({ [kind]: node })?.table ?? ''));
  const filters = conjuncts(query['whereClause']).flatMap((condition): Placed[] => {
    const compared = as(condition, 'A_Expr');
    const select = subselectOf(compared?.['lexpr']) ?? subselectOf(compared?.['rexpr']);
    if (select === null || !isCorrelated(select) || !aggregates(select['targetList'])) return [];
    const counts = [...below(select['targetList'])].some(
      ({ kind, node }) => kind === 'FuncCall' && functionName(node) === 'count',
    );
    return [{ rule: counts ? 'counting-for-existence' : 'query-per-row', place: placeOf(condition) }];
  });
  const columns = listOf(query['targetList']).flatMap((target): Placed[] => {
    const select = subselectOf(as(target, 'ResTarget')?.['val']);
    return select !== null && isCorrelated(select) ? [{ rule: 'query-per-row', place: placeOf(target) }] : [];
  });
  return [...filters, ...columns];
}

function subselectOf(value: unknown): Tree | null {
  const link = as(value, 'SubLink');
  return link !== null && link['subLinkType'] === 'EXPR_SUBLINK' ? as(link['subselect'], 'SelectStmt') : null;
}

/** What conditions give reason to say, anywhere in a statement. */
export function conditionChecks(statement: Tree): Placed[] {
  return [...below(statement)].flatMap((kinded): Placed[] => [
    ...nullComparisons(kinded),
    ...patterns(kinded),
    ...notIn(kinded),
    ...wrappedColumns(kinded),
    ...unguardedDivisions(kinded),
  ]);
}

function nullComparisons({ kind, node }: Kinded): Placed[] {
  if (kind !== 'A_Expr' || node['kind'] !== 'AEXPR_OP') return [];
  const isNull = (value: unknown) => as(value, 'A_Const')?.['isnull'] === true;
  if (!isNull(node['lexpr']) && !isNull(node['rexpr'])) return [];
  return ['=', '<>', '!='].includes(operatorOf(node))
    ? [{ rule: 'null-compared', place: placeOf({ [kind]: node }) }]
    : [];
}

function patterns({ kind, node }: Kinded): Placed[] {
  if (kind !== 'A_Expr' || !['AEXPR_LIKE', 'AEXPR_ILIKE'].includes(String(node['kind']))) return [];
  return textOf(node['rexpr'])?.startsWith('%') === true
    ? [{ rule: 'leading-wildcard', place: placeOf(node['lexpr']) }]
    : [];
}

function notIn({ kind, node }: Kinded): Placed[] {
  if (kind !== 'BoolExpr' || node['boolop'] !== 'NOT_EXPR') return [];
  const link = as(listOf(node['args'])[0], 'SubLink');
  const select = link === null || link['subLinkType'] !== 'ANY_SUBLINK' ? null : as(link['subselect'], 'SelectStmt');
  if (select === null || [...below(select['whereClause'])].some(({ kind: inner }) => inner === 'NullTest')) return [];
  const column = columnOf(as(listOf(select['targetList'])[0], 'ResTarget')?.['val']);
  return column === null || column.column === 'id'
    ? []
    : [{ rule: 'not-in-nulls', place: placeOf({ [kind]: node }), data: { column: column.column } }];
}

/** `LOWER(column) = 'x'`. */
function wrappedColumns({ kind, node }: Kinded): Placed[] {
  if (kind !== 'A_Expr' || operatorOf(node) !== '=') return [];
  const call = as(node['lexpr'], 'FuncCall');
  if (call === null || !isConstant(node['rexpr']) || aggregates(node['lexpr'])) return [];
  const column = listOf(call['args'])
    .map(columnOf)
    .find((argument) => argument !== null);
  if (column === undefined || column === null) return [];
  return [
    {
      rule: 'wrapped-column',
      place: placeOf(node['lexpr']),
      data: { column: column.column, method: functionName(call).toUpperCase() },
    },
  ];
}

/** Divided by what was counted or summed, which can be 0; and whole numbers divide to whole numbers. */
function unguardedDivisions({ kind, node }: Kinded): Placed[] {
  if (kind !== 'A_Expr' || operatorOf(node) !== '/') return [];
  const divisor = kindOf(node['rexpr']);
  if (divisor === null || divisor.kind !== 'FuncCall' || !['count', 'sum'].includes(functionName(divisor.node)))
    return [];
  return [
    {
      rule: 'division-by-aggregate',
      place: placeOf({ [kind]: node }),
      data: { method: functionName(divisor.node).toUpperCase() },
    },
  ];
}
