import { Counter, Gauge, type Registry } from 'prom-client';

export interface LearningMetrics {
  enrolled: () => void;
  submitted: () => void;
  cancelled: () => void;
  /** How many requests of a kind are kept open for news of a submission. */
  watchers: (kind: 'wait' | 'stream', count: number) => void;
}

export function createLearningMetrics(registry: Registry): LearningMetrics {
  const registers = [registry];
  const enrollments = new Counter({
    name: 'course_enrollments_total',
    help: 'Learners enrolled in a course',
    registers,
  });
  const submissions = new Counter({
    name: 'exercise_submissions_total',
    help: 'Submissions accepted for grading',
    registers,
  });
  const cancellations = new Counter({
    name: 'exercise_submissions_cancelled_total',
    help: 'Submissions cancelled by their learners',
    registers,
  });
  const watchers = new Gauge({
    name: 'submission_watchers',
    help: 'Requests kept open for news of a submission',
    labelNames: ['kind'],
    registers,
  });
  return {
    enrolled: () => {
      enrollments.inc();
    },
    submitted: () => {
      submissions.inc();
    },
    cancelled: () => {
      cancellations.inc();
    },
    watchers: (kind, count) => {
      watchers.set({ kind }, count);
    },
  };
}
