import type { SqlValue } from './answer-rows.ts';

type Reader = (text: string) => SqlValue;

/** Every digit that matters, as JavaScript and PostgreSQL would both print it: no sign of zero, no zeros at the ends. */
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

const readBoolean: Reader = (text) => text === 't';

const readInteger: Reader = (text) => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
};

/** PostgreSQL prints floats so that they are read back exactly. NaN and Infinity stay text. */
const readFloat: Reader = (text) => {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
};

/** A number only when nothing is lost by it. */
const readNumeric: Reader = (text) => {
  const value = Number(text);
  return plainDecimal(String(value)) === plainDecimal(text) ? value : text;
};

/** What is nested so deeply that writing it down again could fail stays text. */
const readJson: Reader = (text) => (isDeep(text) ? text : (JSON.parse(text) as SqlValue));

/** How values of a type are read, by the type's number in pg_type. What is not here stays the text that PostgreSQL prints. */
const READERS = new Map<number, Reader>([
  [16, readBoolean],
  [20, readInteger],
  [21, readInteger],
  [23, readInteger],
  [26, readInteger],
  [700, readFloat],
  [701, readFloat],
  [1700, readNumeric],
  [114, readJson],
  [3802, readJson],
]);

const readText: Reader = (text) => text;

/** Array types, and how their elements are read. */
const ELEMENT_READERS = new Map<number, Reader>([
  [1000, readBoolean],
  [1016, readInteger],
  [1005, readInteger],
  [1007, readInteger],
  [1021, readFloat],
  [1022, readFloat],
  [1231, readNumeric],
  [199, readJson],
  [3807, readJson],
  // char, name, text, bpchar, varchar, date, timestamp, timestamptz, time, interval, uuid.
  ...[1002, 1003, 1009, 1014, 1015, 1182, 1115, 1185, 1183, 1187, 2951].map((oid): [number, Reader] => [oid, readText]),
]);

/** Turns a value from the text that PostgreSQL prints into what JSON can say. */
export function readValue(text: string | null, typeOid: number): SqlValue {
  if (text === null) return null;
  const element = ELEMENT_READERS.get(typeOid);
  return element === undefined ? (READERS.get(typeOid) ?? readText)(text) : readArray(text, element);
}

const ELEMENT = /"(?:[^"\\]|\\[^])*"|[^{},"]+|[{},]/gy;

/** Reads `{1,NULL,"a b"}`, nested ones too. One with bounds of its own, such as `[0:1]={1,2}`, stays text. */
function readArray(text: string, readElement: Reader): SqlValue {
  if (!text.startsWith('{')) return text;
  const open: SqlValue[][] = [[]];
  for (const [token] of text.matchAll(ELEMENT)) {
    if (token === ',') continue;
    if (token === '{') open.push([]);
    else if (token === '}') open.at(-2)?.push(open.pop() ?? []);
    else open.at(-1)?.push(readArrayElement(token, readElement));
  }
  return open[0]?.[0] ?? text;
}

function readArrayElement(token: string, readElement: Reader): SqlValue {
  if (token.startsWith('"')) return readElement(token.slice(1, -1).replaceAll(/\\([^])/g, '$1'));
  return token === 'NULL' ? null : readElement(token);
}

function plainDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === '') return text;
  const digits = `${whole.replace(/^0+(?=\d)/, '')}.${fraction.replace(/0+$/, '')}`;
  return /[1-9]/.test(digits) ? `${sign}${digits}` : '0';
}

const MAX_JSON_DEPTH = 500;

function isDeep(json: string): boolean {
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\[^])*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > MAX_JSON_DEPTH) return true;
  }
  return false;
}
