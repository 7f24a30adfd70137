import { beforeEach, describe, expect, test } from '@jest/globals';
import { Breaker, BreakerOpen, type BreakerState, type Judgement } from '../../shared/resilience/breaker.ts';

class Judged extends Error {
  readonly judgement: Judgement;

  constructor(judgement: Judgement) {
    super(judgement);
    this.judgement = judgement;
  }
}

describe('a circuit breaker', () => {
  let now: number;
  let states: BreakerState[];
  let closings: number;
  let breaker: Breaker;

  beforeEach(() => {
    now = 0;
    states = [];
    closings = 0;
    breaker = new Breaker({
      failures: 3,
      windowMs: 1000,
      openMs: 500,
      judge: (error) => (error instanceof Judged ? error.judgement : 'nothing'),
      onChange: (state) => states.push(state),
      onClose: () => (closings += 1),
      now: () => now,
    });
  });

  const succeed = () => breaker.run(async () => 'fine');
  const end = (judgement: Judgement) => breaker.run(async () => Promise.reject(new Judged(judgement))).catch(String);
  const fail = async (times = 1): Promise<void> => {
    for (let time = 0; time < times; time += 1) await end('failure');
  };
  /** A call that ends when told to. */
  const begin = () => {
    const ending = Promise.withResolvers<string>();
    const outcome = breaker.run(() => ending.promise).catch(String);
    return { ...ending, outcome };
  };

  test('hands on what the operation gives and throws', async () => {
    expect(await succeed()).toBe('fine');
    expect(await end('failure')).toBe('Error: failure');
    expect([breaker.state, states]).toEqual(['closed', ['closed']]);
  });

  test('opens after so many failures, and calls nothing then', async () => {
    await fail(3);
    expect(breaker.state).toBe('open');
    let called = false;
    await expect(
      breaker.run(async () => {
        called = true;
      }),
    ).rejects.toBeInstanceOf(BreakerOpen);
    expect(called).toBe(false);
  });

  test('stays closed while failures are fewer than half of the calls', async () => {
    for (let round = 0; round < 10; round += 1) {
      await succeed();
      await end('success');
      await fail();
    }
    expect(breaker.state).toBe('closed');
  });

  test('forgets failures that are older than its window', async () => {
    await fail(2);
    now = 1001;
    await fail(2);
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
  });

  test('opens at once for what is fatal', async () => {
    await end('fatal');
    expect(breaker.state).toBe('open');
  });

  test('is not moved by what says nothing', async () => {
    for (let round = 0; round < 10; round += 1) await end('nothing');
    expect(breaker.state).toBe('closed');
  });

  describe('that was open for long enough', () => {
    beforeEach(async () => {
      await fail(3);
      now = 500;
    });

    test('closes when a probe succeeds, and says so once', async () => {
      expect(await succeed()).toBe('fine');
      expect(await succeed()).toBe('fine');
      expect([states, closings]).toEqual([['closed', 'open', 'half-open', 'closed'], 1]);
    });

    test('closes as well when the other side answers with an error that shows it is there', async () => {
      await end('success');
      expect([breaker.state, closings]).toEqual(['closed', 1]);
    });

    test('opens again for as long when a probe fails', async () => {
      await fail();
      expect(breaker.state).toBe('open');
      now = 999;
      expect(await succeed().catch((error: Error) => error.name)).toBe('BreakerOpen');
      now = 1000;
      expect(await succeed()).toBe('fine');
    });

    test('lets one probe through at a time', async () => {
      const probe = begin();
      expect(await succeed().catch((error: Error) => error.name)).toBe('BreakerOpen');
      probe.resolve('there');
      expect(await probe.outcome).toBe('there');
      expect(await succeed()).toBe('fine');
    });

    test('lets the next probe through when one says nothing', async () => {
      await end('nothing');
      expect(breaker.state).toBe('half-open');
      expect(await succeed()).toBe('fine');
    });

    test('needs as many failures as ever once it is closed', async () => {
      await succeed();
      await fail(2);
      expect(breaker.state).toBe('closed');
    });
  });

  test('learns nothing from calls of an earlier state', async () => {
    const late = [begin(), begin(), begin()] as const;
    await fail(3);
    late[0].resolve('late');
    await late[0].outcome;
    expect(breaker.state).toBe('open');
    now = 500;
    const probe = begin();
    late[1].reject(new Judged('failure'));
    await late[1].outcome;
    expect(breaker.state).toBe('half-open');
    probe.resolve('there');
    await probe.outcome;
    late[2].reject(new Judged('fatal'));
    await late[2].outcome;
    expect(breaker.state).toBe('closed');
  });
});
