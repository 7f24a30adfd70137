import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Stopwatch } from '../../worker/grading/sandbox/runner/quickjs/stopwatch.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

/** A stopwatch, and a way to say how much wall and cpu time has passed since it was started. */
function startStopwatch(limits: { cpuMs: number; wallMs: number }) {
  const time = { wallMs: 0, cpuMs: 0 };
  jest.spyOn(performance, 'now').mockImplementation(() => 1000 + time.wallMs);
  jest.spyOn(process, 'threadCpuUsage').mockImplementation(() => ({ user: time.cpuMs * 1000, system: 0 }));
  const stopwatch = new Stopwatch(limits);
  return {
    after: (wallMs: number, cpuMs: number) => {
      Object.assign(time, { wallMs, cpuMs });
      return stopwatch.expired();
    },
  };
}

describe('Stopwatch', () => {
  test('lets code run on while its cpu budget lasts, however slow the machine is', () => {
    const { after } = startStopwatch({ cpuMs: 1000, wallMs: 10_000 });
    expect(after(1500, 400)).toBeNull();
    expect(after(3000, 900)).toBeNull();
    expect(after(3200, 1000)).toBe('time_limit');
  });

  test('takes the wall limit for a time limit when the code used the cpu', () => {
    const { after } = startStopwatch({ cpuMs: 60_000, wallMs: 2000 });
    expect(after(1999, 1990)).toBeNull();
    expect(after(2000, 1800)).toBe('time_limit');
  });

  test('blames the machine when the wall limit passed without cpu', () => {
    const { after } = startStopwatch({ cpuMs: 60_000, wallMs: 2000 });
    expect(after(2000, 300)).toBe('starved');
  });
});
