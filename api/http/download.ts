import type { Response } from 'express';
import { z } from 'zod';

/** How long a client may keep a download waiting; what it takes gives it time again, at so many bytes (once unpacked) a second. */
interface LeastPace {
  readonly graceMs: number;
  readonly bytesPerSecond: number;
}

/** Texts are sent packed, so that half a megabit a second does. Who takes less holds a place that others wait for. */
const LEAST_PACE: LeastPace = { graceMs: 15_000, bytesPerSecond: 256 * 1024 };

/**
 * Answers with a document while it is read: page by page, each item through its schema, at the pace at which the client takes it. When reading
 * fails on the way, or the client is slower than it may be, the connection is cut off, which tells the client that something is missing.
 *
 * @throws z.ZodError for what breaks the schema; whatever the parts throw.
 */
export async function sendDownload(
  { shape }: z.ZodObject,
  filename: string,
  response: Response,
  parts: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  leastPace = LEAST_PACE,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Disposition', `attachment; filename="${filename}"`);
  response.status(200).setHeader('Content-Type', 'application/json; charset=utf-8');
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const { write, end } = pacedWriter(response, signal, leastPace);
  let separator = '{';
  for (const [key, schema] of Object.entries(shape)) {
    if (signal.aborted) return;
    await write(`${separator}\n${JSON.stringify(key)}:`);
    if (schema instanceof z.ZodArray) await writeItems(schema, parts[key] as AsyncIterable<unknown[]>, write, signal);
    else await write(JSON.stringify(z.parse(schema, parts[key])));
    separator = ',';
  }
  await end('\n}\n');
}

interface PacedWriter {
  write: (text: string) => Promise<void>;
  end: (text: string) => Promise<void>;
}

/** Writes as fast as the client reads, and destroys the response when it has waited too long for it. Other waiting is not counted. */
function pacedWriter(response: Response, signal: AbortSignal, { graceMs, bytesPerSecond }: LeastPace): PacedWriter {
  let leftMs = graceMs;
  let proceed = (): void => undefined;
  const goOn = (): void => {
    proceed();
  };
  // Once for all waiting: the compression takes listeners for its own stream, and never gives one back.
  for (const event of ['drain', 'finish']) response.on(event, goOn);
  signal.addEventListener('abort', goOn, { once: true });

  const waitForClient = async (): Promise<void> => {
    const startedAt = performance.now();
    const patience = setTimeout(() => response.destroy(), Math.max(0, leftMs));
    await new Promise<void>((resolve) => (proceed = resolve));
    clearTimeout(patience);
    leftMs -= performance.now() - startedAt;
  };
  return {
    write: async (text) => {
      leftMs = Math.min(graceMs, leftMs + (Buffer.byteLength(text) / bytesPerSecond) * 1000);
      if (!response.write(text) && !signal.aborted) await waitForClient();
    },
    end: async (text) => {
      response.end(text);
      while (!response.writableFinished && !signal.aborted) await waitForClient();
    },
  };
}

async function writeItems(
  schema: z.ZodArray,
  pages: AsyncIterable<readonly unknown[]>,
  write: (text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let separator = '[';
  for await (const page of pages) {
    for (const item of schema.parse(page)) {
      if (signal.aborted) return;
      await write(`${separator}\n${JSON.stringify(item)}`);
      separator = ',';
    }
  }
  await write(separator === '[' ? '[]' : ']');
}
