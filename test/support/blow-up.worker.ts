import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { textPlacesOf } from './sample-input.ts';

/** What a suite asks of this thread, which it ends when a single match takes too long. */
export interface BlowUpTask {
  /** Regular expressions to match, and how long the texts may be that they meet. */
  patterns?: { where: string; source: string; flags: string }[];
  patternLength?: number;
  /** A folder of contracts, whose schemas parse texts of `fieldLength` in each of their places. */
  contracts?: string;
  fieldLength?: number;
}

const { patterns = [], patternLength = 0, contracts, fieldLength = 0 } = workerData as BlowUpTask;

/** Characters of every class that patterns name, and some that overlap. */
const PIECES = [
  'a',
  'A',
  '0',
  '_',
  ' ',
  '\t',
  '\n',
  '-',
  '.',
  '@',
  '/',
  '\\',
  '"',
  "'",
  ',',
  ':',
  'a.',
  'a-',
  '-a',
  '0.',
  '. ',
  '"a',
  'a@',
  '..',
  'é',
  '%2',
];

/** For fields, whose schemas are many. */
const FIELD_PIECES = ['a', '0', ' ', '-', '.', '@', 'a.', 'a-', 'a@', '..', '\n'];

/** What does not match at the end is what makes an engine try all other ways. */
const pump = (piece: string, length: number, end: string): string =>
  piece.repeat(Math.ceil(length / piece.length)).slice(0, length - 1) + end;

const say = (what: string): void => parentPort?.postMessage(what);

for (const { where, source, flags } of patterns) {
  const pattern = new RegExp(source, flags.replaceAll(/[gy]/g, ''));
  const own = source.replaceAll(/\\[a-zA-Z]/g, '').match(/[^\\()[\]{}?*+^$|]/g) ?? [];
  const pieces = [...new Set([...PIECES, ...own.slice(0, 20)])];
  for (const text of pieces.flatMap((piece) => ['\u0001', '!'].map((end) => pump(piece, patternLength, end)))) {
    say(`${where}: /${source}/${flags} on ${JSON.stringify(text.slice(0, 6))}…`);
    pattern.test(text);
  }
}
if (contracts !== undefined) {
  for (const file of readdirSync(contracts)) {
    const exported = Object.entries((await import(join(contracts, file))) as Record<string, unknown>);
    for (const [name, schema] of exported) {
      if (!(schema instanceof z.ZodType)) continue;
      for (const { path, put } of textPlacesOf(schema)) {
        for (const text of FIELD_PIECES.map((piece) => pump(piece, fieldLength, '!'))) {
          say(`${file}: ${name}${path} on ${JSON.stringify(text.slice(0, 6))}…`);
          schema.safeParse(put(text));
        }
      }
    }
  }
}
say('done');
