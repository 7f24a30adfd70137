/** PostgreSQL's frontend/backend protocol, version 3, as far as one session of simple queries needs it. */

/** One message of the server: its type byte as a character, and what follows the length. */
export type ServerMessage = { type: string; body: Buffer };

/** What an ErrorResponse or NoticeResponse says, by the letters of its fields; see `ErrorField`. */
export type ErrorFields = ReadonlyMap<string, string>;

export const ErrorField = {
  severity: 'S',
  code: 'C',
  message: 'M',
  detail: 'D',
  hint: 'H',
  /** Counted in characters from 1, within the query that was sent. */
  position: 'P',
  where: 'W',
} as const;

const TYPE_AND_LENGTH_BYTES = 5;

/** A simple query. The text must not hold NUL. */
export function queryMessage(text: string): Buffer {
  return clientMessage('Q', Buffer.from(`${text}\0`));
}

/** Has a text parsed as an unnamed statement, and the session made ready again. The text must not hold NUL. */
export function parseMessage(text: string): Buffer {
  return Buffer.concat([clientMessage('P', Buffer.from(`\0${text}\0\0\0`)), clientMessage('S', Buffer.alloc(0))]);
}

/** Refuses the data that COPY … FROM STDIN waits for. */
export function copyFailMessage(reason: string): Buffer {
  return clientMessage('f', Buffer.from(`${reason}\0`));
}

function clientMessage(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(TYPE_AND_LENGTH_BYTES);
  header.write(type, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** Puts the server's messages together from the pieces it writes. */
export class ServerMessages {
  #pending: Buffer[] = [];
  #bytes = 0;
  #needed = TYPE_AND_LENGTH_BYTES;

  /** Takes a piece, which is copied, and answers the messages it completes. */
  push(piece: Uint8Array): ServerMessage[] {
    this.#pending.push(Buffer.from(piece));
    this.#bytes += piece.length;
    if (this.#bytes < this.#needed) return [];
    const all = Buffer.concat(this.#pending);
    const messages: ServerMessage[] = [];
    let at = 0;
    for (;;) {
      const header = all.length - at >= TYPE_AND_LENGTH_BYTES;
      const end = header ? at + 1 + all.readUInt32BE(at + 1) : at + TYPE_AND_LENGTH_BYTES;
      if (!header || end > all.length) {
        this.#keep(all.subarray(at), end - at);
        return messages;
      }
      messages.push({
        type: all.toString('latin1', at, at + 1),
        body: all.subarray(at + TYPE_AND_LENGTH_BYTES, end),
      });
      at = end;
    }
  }

  #keep(rest: Buffer, needed: number): void {
    this.#pending = [rest];
    this.#bytes = rest.length;
    this.#needed = needed;
  }
}

export type ServerColumn = { name: string; typeOid: number };

export function readRowDescription(body: Buffer): ServerColumn[] {
  const columns: ServerColumn[] = [];
  let at = 2;
  for (let count = body.readUInt16BE(0); count > 0; count--) {
    const end = body.indexOf(0, at);
    columns.push({ name: body.toString('utf8', at, end), typeOid: body.readUInt32BE(end + 7) });
    at = end + 19;
  }
  return columns;
}

/** The values of a row as the text PostgreSQL prints. */
export function readDataRow(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let count = body.readUInt16BE(0); count > 0; count--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

export function readErrorFields(body: Buffer): ErrorFields {
  const fields = new Map<string, string>();
  for (let at = 0; body[at] !== 0 && at < body.length;) {
    const end = body.indexOf(0, at);
    fields.set(body.toString('latin1', at, at + 1), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  return fields;
}
