import { Counter, Histogram, type Registry } from 'prom-client';
import type { DegradedReason, ReviewSource } from '../contracts/review.contract.ts';

/** How the making of a review ended: `kept` is a review that was to be made better and could not be. */
export type ReviewResult = 'completed' | 'upgraded' | 'kept' | 'failed' | 'postponed';

export interface ReviewMetrics {
  made: (source: ReviewSource | 'none', result: ReviewResult) => void;
  degraded: (reason: DegradedReason) => void;
  /** From being asked for to being there, waiting included. */
  answered: (source: ReviewSource, seconds: number) => void;
  /** What one making took a worker, asking a provider included. */
  worked: (source: ReviewSource, seconds: number) => void;
  /** `shared`: another review of the same code was being asked for, and this one waited for it. */
  cache: (result: 'hit' | 'miss' | 'shared') => void;
  /** What a model said and a review does not, since it is not true of the code or gives the solution away. */
  dropped: (what: 'finding' | 'evidence' | 'leak', count: number) => void;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** The metrics of making reviews; those of asking language models are in `ai.metrics.ts`. */
export function createReviewMetrics(registry: Registry): ReviewMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'ai_review_requests_total',
    help: 'Makings of a review, by what it is made of and how it ended',
    labelNames: ['source', 'result'],
    registers,
  });
  const degraded = new Counter({
    name: 'ai_reviews_degraded_total',
    help: 'Reviews that are not what they could be',
    labelNames: ['reason'],
    registers,
  });
  const answer = new Histogram({
    name: 'ai_review_answer_seconds',
    help: 'Time from asking for a review to having it',
    labelNames: ['source'],
    buckets: SECONDS,
    registers,
  });
  const work = new Histogram({
    name: 'ai_review_work_seconds',
    help: 'Time that making a review took a worker, asking a provider included',
    labelNames: ['source'],
    buckets: SECONDS,
    registers,
  });
  const cache = new Counter({
    name: 'ai_review_cache_total',
    help: 'Lookups of what was said about the same code before',
    labelNames: ['result'],
    registers,
  });
  const dropped = new Counter({
    name: 'ai_review_dropped_total',
    help: 'Parts of answers that did not hold against the code, or gave the solution away',
    labelNames: ['what'],
    registers,
  });
  return {
    made: (source, result) => {
      requests.inc({ source, result });
    },
    degraded: (reason) => {
      degraded.inc({ reason });
    },
    answered: (source, seconds) => {
      answer.observe({ source }, seconds);
    },
    worked: (source, seconds) => {
      work.observe({ source }, seconds);
    },
    cache: (result) => {
      cache.inc({ result });
    },
    dropped: (what, count) => {
      if (count > 0) dropped.inc({ what }, count);
    },
  };
}
