import { once } from 'node:events';
import type { Response } from 'express';
import { z } from 'zod';

/**
 * Answers with a document while it is read: page by page, each item through its schema, at the pace at which the client takes it. When reading
 * fails on the way the connection is cut off, which tells the client that something is missing.
 *
 * @throws z.ZodError for what breaks the schema; whatever the parts throw.
 */
export async function sendDownload(
  { shape }: z.ZodObject,
  filename: string,
  response: Response,
  parts: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Disposition', `attachment; filename="${filename}"`);
  response.status(200).setHeader('Content-Type', 'application/json; charset=utf-8');
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const write = async (text: string): Promise<void> => {
    const isTaken = response.write(text);
    if (!isTaken) await once(response, 'drain', { signal }).catch(() => undefined);
  };
  let separator = '{';
  for (const [key, schema] of Object.entries(shape)) {
    if (signal.aborted) return;
    await write(`${separator}\n${JSON.stringify(key)}:`);
    if (schema instanceof z.ZodArray) await writeItems(schema, parts[key] as AsyncIterable<unknown[]>, write, signal);
    else await write(JSON.stringify(z.parse(schema, parts[key])));
    separator = ',';
  }
  await write('\n}\n');
  response.end();
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
