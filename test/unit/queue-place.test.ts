import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import {
  describeWait,
  estimateWaitMs,
  placeReason,
  type JobSight,
  type WaitFacts,
} from '../../api/learning/queue-place.policy.ts';

const facts = (overrides: Partial<WaitFacts> = {}): WaitFacts => ({
  job: 'runnable',
  ahead: 4,
  isCapped: false,
  ownEarlier: 0,
  wasStarted: false,
  waitedMs: 10_000,
  finishedMeanwhile: 20,
  finishedSpanMs: 10_000,
  ...overrides,
});

const anyFacts = fc.record({
  job: fc.constantFrom<JobSight>('runnable', 'paused', 'delayed', 'taken', 'absent', 'backend_away'),
  ahead: fc.nat(500),
  isCapped: fc.boolean(),
  ownEarlier: fc.nat(20),
  wasStarted: fc.boolean(),
  waitedMs: fc.nat(600_000),
  finishedMeanwhile: fc.nat(1000),
  finishedSpanMs: fc.nat(60_000),
});

describe('why a submission is not running', () => {
  test('what stops the whole queue is told before what stops one submission', () => {
    expect(placeReason(facts({ job: 'backend_away', ownEarlier: 3 }))).toBe('queue_backend_unavailable');
    expect(placeReason(facts({ job: 'paused', ownEarlier: 3 }))).toBe('queue_paused');
  });

  test('a job that is not there was not sent yet, or was lost after a try', () => {
    expect(placeReason(facts({ job: 'absent' }))).toBe('not_sent_yet');
    expect(placeReason(facts({ job: 'absent', wasStarted: true }))).toBe('retrying');
  });

  test('every reason is a whole sentence', () => {
    fc.assert(
      fc.property(anyFacts, (any) => {
        expect(describeWait(placeReason(any), any)).toMatch(/^[A-Z0-9].*\.$/);
      }),
    );
  });
});

describe('the estimated wait', () => {
  test('is how long the queue took lately for as many as are ahead, and this one', () => {
    expect(estimateWaitMs('behind_others', facts())).toBe(2500);
    expect(estimateWaitMs('waiting_for_worker', facts({ ahead: 0 }))).toBe(500);
  });

  test.each<[string, Partial<WaitFacts>]>([
    ['it has hardly waited', { waitedMs: 1500 }],
    ['hardly anything was finished', { finishedMeanwhile: 4 }],
    ['nobody counted how many are ahead', { isCapped: true }],
  ])('is not given when %s', (_case, overrides) => {
    expect(estimateWaitMs('behind_others', facts(overrides))).toBeNull();
  });

  test('is given only while the queue moves by itself, and is never negative', () => {
    fc.assert(
      fc.property(anyFacts, (any) => {
        const reason = placeReason(any);
        const estimate = estimateWaitMs(reason, any);
        if (any.job !== 'runnable') expect(estimate).toBeNull();
        if (estimate !== null) expect(estimate).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
