import type { Placed } from './query.checks.ts';
import { tokensOf, type SqlToken } from './statements.ts';

/** What can be told from the words of a statement alone, so that it works for every dialect. */
export function textChecks(text: string): Placed[] {
  const tokens = tokensOf(text);
  return [...unlimitedChanges(tokens), ...mixedConditions(tokens)];
}

/** The same for a statement that the tree could not be had of: the most important things only. */
export function textChecksWithoutTree(text: string): Placed[] {
  const tokens = tokensOf(text);
  return [...bareJoins(tokens), ...wordChecks(tokens)];
}

/** SQLite takes a JOIN without any condition, and combines everything with everything. */
function bareJoins(tokens: readonly SqlToken[]): Placed[] {
  return tokens.flatMap((token, place): Placed[] => {
    if (token.upper !== 'JOIN' || ['CROSS', 'NATURAL'].includes(tokens[place - 1]?.upper ?? '')) return [];
    const next = tokens.slice(place + 1).find(({ upper, depth }) => depth <= token.depth && ENDS_OF_JOIN.has(upper));
    if (next?.upper === 'ON' || next?.upper === 'USING') return [];
    return [{ rule: 'cartesian', place: token.start, data: { table: tokens[place + 1]?.text ?? '' } }];
  });
}

const ENDS_OF_JOIN = new Set(['ON', 'USING', 'JOIN', 'WHERE', 'GROUP', 'ORDER', 'LIMIT', 'UNION']);

function wordChecks(tokens: readonly SqlToken[]): Placed[] {
  return tokens.flatMap((token, place): Placed[] => {
    const [before, next] = [tokens[place - 1], tokens[place + 1]];
    if (token.text === '*' && (before?.upper === 'SELECT' || before?.upper === 'DISTINCT') && token.depth === 0)
      return [{ rule: 'star', place: token.start }];
    if (
      token.upper === 'NULL' &&
      before !== undefined &&
      ['=', '<>', '!='].includes(before.text) &&
      !isAssignment(tokens, place)
    ) {
      return [{ rule: 'null-compared', place: before.start }];
    }
    if (token.upper === 'LIKE' && next?.text.startsWith("'%") === true)
      return [{ rule: 'leading-wildcard', place: token.start }];
    return [];
  });
}

/** `SET column = NULL` is no comparison. */
function isAssignment(tokens: readonly SqlToken[], place: number): boolean {
  const clause = tokens
    .slice(0, place)
    .findLast(({ upper }) => upper === 'SET' || upper === 'WHERE' || upper === 'HAVING');
  return clause?.upper === 'SET';
}

function unlimitedChanges(tokens: readonly SqlToken[]): Placed[] {
  const [first] = tokens;
  if (first === undefined || tokens.some(({ upper, depth }) => upper === 'WHERE' && depth === 0)) return [];
  if (first.upper === 'DELETE') return [{ rule: 'delete-all', place: first.start }];
  return first.upper === 'UPDATE' ? [{ rule: 'update-all', place: first.start }] : [];
}

/** `a OR b AND c` without brackets. */
function mixedConditions(tokens: readonly SqlToken[]): Placed[] {
  const found: Placed[] = [];
  let clause: { depth: number; or: SqlToken | null; and: SqlToken | null } | null = null;
  let isBetween = false;
  for (const token of tokens) {
    if (token.upper === 'WHERE' || token.upper === 'ON' || token.upper === 'HAVING')
      clause = { depth: token.depth, or: null, and: null };
    if (clause === null || token.depth !== clause.depth) continue;
    if (ENDS.has(token.upper)) clause = null;
    else if (token.upper === 'BETWEEN') isBetween = true;
    else if (token.upper === 'AND' && isBetween) isBetween = false;
    else if (token.upper === 'OR') clause.or ??= token;
    else if (token.upper === 'AND') clause.and ??= token;
    if (clause !== null && clause.or !== null && clause.and !== null) {
      found.push({ rule: 'mixed-conditions', place: Math.min(clause.or.start, clause.and.start) });
      clause = null;
    }
  }
  return found;
}

const ENDS = new Set(['GROUP', 'ORDER', 'LIMIT', 'UNION', 'JOIN', 'LEFT', 'INNER', 'RETURNING', 'CASE']);
