import { Counter, type Registry } from 'prom-client';

export interface LearningMetrics {
  enrolled: () => void;
  submitted: () => void;
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
  return {
    enrolled: () => {
      enrollments.inc();
    },
    submitted: () => {
      submissions.inc();
    },
  };
}
