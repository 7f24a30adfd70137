const HEADER_BYTES = 4;

/** One message as it goes over a pipe: its length in bytes (big-endian, 4 bytes), then its JSON. */
export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

/** Puts frames together again from the chunks a pipe delivers. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes a chunk and answers the messages it completes.
   * @throws RangeError when a frame announces more than the allowed size; nothing of it is kept.
   * @throws SyntaxError when a frame is not JSON.
   */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const messages: unknown[] = [];
    for (let body = this.#takeBody(); body !== null; body = this.#takeBody()) messages.push(JSON.parse(body));
    return messages;
  }

  #takeBody(): string | null {
    if (this.#bytes < HEADER_BYTES) return null;
    const first = this.#chunks[0];
    // Chunks are joined only when a frame can be complete, so a large frame in many chunks is not copied again and again.
    const header = first !== undefined && first.length >= HEADER_BYTES ? first : this.#join();
    const length = header.readUInt32BE();
    if (length > this.#maxBytes)
      throw new RangeError(`frame of ${length} bytes is over the limit of ${this.#maxBytes}`);
    if (this.#bytes < HEADER_BYTES + length) return null;

    const all = this.#join();
    const rest = all.subarray(HEADER_BYTES + length);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    return all.toString('utf8', HEADER_BYTES, HEADER_BYTES + length);
  }

  #join(): Buffer {
    const all = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
