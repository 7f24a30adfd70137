/** A statement of a script, with the lines it stands on. `text` is as long as what it was cut from, up to its `;`. */
export type Statement = { text: string; start: number };

/** A word, sign or text of SQL; comments and blanks are left out. */
export type SqlToken = { text: string; upper: string; start: number; end: number; depth: number };

const TOKEN =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|\[[A-Za-z_][^\]\n]*\]|\$(\w*)\$[^]*?(?:\$\1\$|$)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d+(?:\.\d+)?|<>|!=|<=|>=|\|\||::|[^\s]/g;

/** Cuts SQL into tokens; `depth` counts the brackets around them. */
export function tokensOf(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let depth = 0;
  for (const match of sql.matchAll(TOKEN)) {
    const [text] = match;
    if (text.startsWith('--') || text.startsWith('/*')) continue;
    if (text === ')') depth = Math.max(0, depth - 1);
    tokens.push({ text, upper: text.toUpperCase(), start: match.index, end: match.index + text.length, depth });
    if (text === '(') depth += 1;
  }
  return tokens;
}

/** The statements of a script. */
export function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = [];
  let first: SqlToken | null = null;
  for (const token of tokensOf(sql)) {
    if (token.text !== ';') {
      first ??= token;
      continue;
    }
    if (first !== null) statements.push({ text: sql.slice(first.start, token.start), start: first.start });
    first = null;
  }
  if (first !== null) statements.push({ text: sql.slice(first.start).trimEnd(), start: first.start });
  return statements;
}
