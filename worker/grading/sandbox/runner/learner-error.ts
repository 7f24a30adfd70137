const MAX_FRAMES = 5;
const MAX_FRAME_CHARS = 200;

/** An exception of learner code, as strings that came out of the engine. */
export type GuestError = { name: string; message: string; stack: string };

/**
 * What the learner reads about an exception: `TypeError: boom` and the frames in the exercise's own files, e.g.
 * `    at gcd (gcd.js:3:5)`. Frames of the engine and of Learnify are left out.
 */
export function describeForLearner(error: GuestError, isOwnFile: (path: string) => boolean): string {
  const headline = error.message === '' ? error.name || 'Error' : `${error.name || 'Error'}: ${error.message}`;
  const frames = error.stack
    .split('\n')
    .filter((frame) => isOwnFile(/\(?([^()\s]+):\d+:\d+\)?$/.exec(frame)?.[1] ?? ''))
    .slice(0, MAX_FRAMES)
    .map((frame) => `    ${frame.trim().slice(0, MAX_FRAME_CHARS)}`);
  return [headline, ...frames].join('\n');
}

/** QuickJS says so when an allocation would go over the limit; `null` is what it throws when not even the error fits. */
export function isOutOfMemory(error: GuestError): boolean {
  return error.name === 'InternalError' && error.message === 'out of memory';
}

/** Moves the columns of a file's first line back by the width of what was put before it. */
export function shiftFirstLine(stack: string, path: string, width: number): string {
  return stack.replaceAll(`${path}:1:`, `${path}\u0000`).replace(/\u0000(\d+)/g, (_, column: string) => {
    return `:1:${Math.max(1, Number(column) - width)}`;
  });
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
