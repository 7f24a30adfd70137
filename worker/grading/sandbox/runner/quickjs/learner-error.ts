import type { Place } from './typescript-source.ts';

const MAX_FRAMES = 5;
const MAX_FRAME_CHARS = 200;

/** An exception of learner code, as strings that came out of the engine. */
export type GuestError = { name: string; message: string; stack: string };

/** The files that frames may name, and where a place in them was before translation. */
export type OwnFiles = { has(path: string): boolean; originOf(path: string, place: Place): Place };

/** What the learner reads about an exception: `TypeError: boom` and the frames in the exercise's own files. */
export function describeForLearner(error: GuestError, files: OwnFiles): string {
  const headline = error.message === '' ? error.name || 'Error' : `${error.name || 'Error'}: ${error.message}`;
  return withFrames(headline, error.stack, files);
}

/**
 * A headline and the frames in the exercise's own files, e.g. `    at gcd (gcd.js:3:5)`. Frames of the engine and of Learnify are left
 * out.
 */
export function withFrames(headline: string, stack: string, files: OwnFiles): string {
  const frames = stack
    .split('\n')
    .flatMap((frame) => ownFrame(frame, files))
    .slice(0, MAX_FRAMES)
    .map((frame) => `    ${frame.trim().slice(0, MAX_FRAME_CHARS)}`);
  return [headline, ...frames].join('\n');
}

function ownFrame(frame: string, files: OwnFiles): string[] {
  const found = /\(?([^()\s]+):(\d+):(\d+)\)?$/.exec(frame);
  if (found === null) return [];
  const [, path = '', line, column] = found;
  if (!files.has(path)) return [];
  const origin = files.originOf(path, { line: Number(line), column: Number(column) });
  const closing = frame.endsWith(')') ? ')' : '';
  const place = `${path}:${origin.line}:${origin.column}${closing}`;
  return [`${frame.slice(0, found.index)}${frame[found.index] === '(' ? '(' : ''}${place}`];
}

/** QuickJS says so when an allocation would go over the limit; `null` is what it throws when not even the error fits. */
export function isOutOfMemory(error: GuestError): boolean {
  return error.name === 'InternalError' && error.message === 'out of memory';
}

/** Reads what `describeError` of the guest harness wrote: name, message and stack, each as a JSON string on its own line. */
export function parseGuestError(payload: string): GuestError {
  const [name = '', message = '', stack = ''] = payload.split('\n').map(parseString);
  return { name, message, stack };
}

function parseString(line: string): string {
  if (line === '') return '';
  const value: unknown = JSON.parse(line);
  return typeof value === 'string' ? value : '';
}
