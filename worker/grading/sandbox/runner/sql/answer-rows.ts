import { SqlFault } from './sql-fault.ts';

/** A value of a row as JSON can say it. */
export type SqlValue = null | boolean | number | string | SqlValue[] | { [key: string]: SqlValue };

const MAX_ROWS = 10_000;
const MAX_CHARS = 1_000_000;

/** The rows of one statement, written down as they come, so that an endless answer is never held as a whole. */
export class AnswerRows {
  readonly #columns: string;
  readonly #rows: string[] = [];
  #chars = 0;

  constructor(columns: string[]) {
    this.#columns = JSON.stringify(columns);
  }

  /** @throws SqlFault `output_limit` when it gets too much. */
  add(row: SqlValue[]): void {
    const text = JSON.stringify(row);
    this.#chars += text.length + 1;
    if (this.#rows.length === MAX_ROWS) throw new SqlFault('output_limit', `more than ${MAX_ROWS} rows`);
    if (this.#chars > MAX_CHARS) throw new SqlFault('output_limit', `rows of more than ${MAX_CHARS} characters`);
    this.#rows.push(text);
  }

  toJson(): string {
    return `{"columns":${this.#columns},"rows":[${this.#rows.join(',')}]}`;
  }
}
