/** One event as a client reads it; a comment, such as a heartbeat, has only `comment`. */
export interface ReceivedEvent {
  event?: string;
  id?: string;
  retry?: string;
  comment?: string;
  data?: unknown;
}

/** Reads server-sent events as they arrive, by the rules of the HTML standard as far as we use them. Ends with the stream. */
export async function* readEvents(response: Response): AsyncGenerator<ReceivedEvent> {
  if (response.body === null) return;
  let buffer = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    buffer += chunk;
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop() ?? '';
    yield* blocks.map(parseBlock);
  }
}

function parseBlock(block: string): ReceivedEvent {
  const fields = block.split('\n').map((line): [string, unknown] => {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trimStart();
    if (colon === 0) return ['comment', value];
    const name = line.slice(0, colon);
    return [name, name === 'data' ? JSON.parse(value) : value];
  });
  return Object.fromEntries(fields);
}
