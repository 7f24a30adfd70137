import { jest } from '@jest/globals';

/** What was sent by the moment has come by then, as a rule; nothing that is asserted depends on it. */
const SHORTLY_MS = 100;

/**
 * Has the next time-out of so many milliseconds come shortly after a moment, such as that a request is on the wire, and not at its time: the
 * test neither waits for it nor is overtaken by it on a slow machine. All others come at their time. To be undone by `jest.restoreAllMocks()`.
 */
export function timeOutAfter(milliseconds: number, moment: Promise<unknown>): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  let isUsed = false;
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((asked) => {
    if (isUsed || asked !== milliseconds) return timeout(asked);
    isUsed = true;
    const ending = new AbortController();
    const end = (): void => ending.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    void moment.then(() => setTimeout(end, SHORTLY_MS));
    return ending.signal;
  });
}
