import type { ExerciseDefinitions } from '../../shared/learning/exercise-definitions.ts';
import type { ReviewMetrics } from '../../shared/observability/review.metrics.ts';
import type { AiClient } from '../ai/ai-client.ts';
import type { WorkerDeps } from '../processor.ts';
import type { StaticFacts } from './facts.ts';
import type { ReviewSubject } from './subject.ts';

/** What the making of reviews works with. */
export interface ReviewDeps extends Pick<WorkerDeps, 'config' | 'db' | 'log'> {
  ai: AiClient;
  analysis: { analyse: (subject: ReviewSubject, signal: AbortSignal) => Promise<StaticFacts> };
  definitions: ExerciseDefinitions;
  reviewMetrics: ReviewMetrics;
}
