import { describe, expect, test } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ExclusiveLane } from '../../worker/grading/exclusive-lane.ts';

/** Work that goes on until it is told to end, and notes when it began and ended. */
function watched(events: string[], name: string) {
  const gate = Promise.withResolvers<string>();
  return {
    work: async (): Promise<string> => {
      events.push(`${name} begins`);
      try {
        return await gate.promise;
      } finally {
        events.push(`${name} ends`);
      }
    },
    end: () => gate.resolve(name),
    fail: () => gate.reject(new Error(name)),
  };
}

describe('the exclusive lane', () => {
  test('lets ordinary work run side by side', async () => {
    const lane = new ExclusiveLane();
    const events: string[] = [];
    const [one, two] = [watched(events, 'one'), watched(events, 'two')];
    const running = [lane.beside(one.work), lane.beside(two.work)];
    await nextTurn();
    expect(events).toEqual(['one begins', 'two begins']);
    one.end();
    two.end();
    expect(await Promise.all(running)).toEqual(['one', 'two']);
  });

  test('lets quarantined work begin when all that runs has ended, and nothing begin before it has', async () => {
    const lane = new ExclusiveLane();
    const events: string[] = [];
    const [before, also, suspect, after] = ['before', 'also', 'suspect', 'after'].map((name) => watched(events, name));
    if (!before || !also || !suspect || !after) throw new Error('unreachable');
    const running = [lane.beside(before.work), lane.beside(also.work)];
    await nextTurn();
    running.push(lane.alone(suspect.work), lane.beside(after.work));
    before.end();
    await nextTurn();
    expect(events).toEqual(['before begins', 'also begins', 'before ends']);
    also.end();
    await nextTurn();
    expect(events.slice(3)).toEqual(['also ends', 'suspect begins']);
    suspect.end();
    await nextTurn();
    expect(events.slice(5)).toEqual(['suspect ends', 'after begins']);
    after.end();
    expect(await Promise.all(running)).toEqual(['before', 'also', 'suspect', 'after']);
  });

  test('keeps ordinary work out that was asked for in the same moment as the quarantined', async () => {
    const lane = new ExclusiveLane();
    const events: string[] = [];
    const [ordinary, suspect] = [watched(events, 'ordinary'), watched(events, 'suspect')];
    const running = [lane.beside(ordinary.work), lane.alone(suspect.work)];
    await nextTurn();
    expect(events).toEqual(['ordinary begins']);
    ordinary.end();
    await nextTurn();
    expect(events).toEqual(['ordinary begins', 'ordinary ends', 'suspect begins']);
    suspect.end();
    await Promise.all(running);
  });

  test('runs quarantined work one after the other', async () => {
    const lane = new ExclusiveLane();
    const events: string[] = [];
    const [one, two] = [watched(events, 'one'), watched(events, 'two')];
    const running = [lane.alone(one.work), lane.alone(two.work)];
    await nextTurn();
    expect(events).toEqual(['one begins']);
    one.end();
    await nextTurn();
    expect(events).toEqual(['one begins', 'one ends', 'two begins']);
    two.end();
    expect(await Promise.all(running)).toEqual(['one', 'two']);
  });

  test('goes on after work that failed, and tells its caller', async () => {
    const lane = new ExclusiveLane();
    const events: string[] = [];
    const [ordinary, suspect, next] = ['ordinary', 'suspect', 'next'].map((name) => watched(events, name));
    if (!ordinary || !suspect || !next) throw new Error('unreachable');
    const first = expect(lane.beside(ordinary.work)).rejects.toThrow('ordinary');
    const second = expect(lane.alone(suspect.work)).rejects.toThrow('suspect');
    const third = lane.beside(next.work);
    await nextTurn();
    ordinary.fail();
    await nextTurn();
    suspect.fail();
    await nextTurn();
    next.end();
    expect(await third).toBe('next');
    await Promise.all([first, second]);
  });
});
