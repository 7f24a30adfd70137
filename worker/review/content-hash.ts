import { createHash } from 'node:crypto';
import type { ReviewSubject } from './subject.ts';

/** What else an answer depends on: who is asked, and how. */
interface Asked {
  promptVersion: string;
  rubricVersion: string;
  modelKey: string;
}

/**
 * SHA-256 over everything that a review of the code depends on, and nothing that says whose it is: reviews of one hash may share what a
 * language model said. The tests' verdicts are in it, since scores must not contradict them.
 */
export function hashContent({ language, dialect, code, exercise, grade }: ReviewSubject, asked: Asked): Buffer {
  const verdicts = grade.tests.map((test) => test.verdict);
  const parts = [language, dialect, code, exercise.versionId, grade.verdict, verdicts, asked];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
