import type { DatabasePool } from 'slonik';
import type { ExerciseDefinitions } from '../shared/learning/exercise-definitions.ts';
import type { HealthCheck } from '../shared/observability/health.ts';
import type { LearningMetrics } from '../shared/observability/learning.metrics.ts';
import type { QueueBackend } from '../shared/queues/backend.ts';
import type { Dispatcher } from '../shared/queues/outbox.ts';
import type { Route } from './http/define-route.ts';
import type { IdentityDeps } from './identity/identity-deps.ts';
import { identityRoutes } from './identity/identity.routes.ts';
import { authoringRoutes } from './learning/authoring.routes.ts';
import { courseRoutes } from './learning/course.routes.ts';
import { exerciseRoutes } from './learning/exercise.routes.ts';
import { regradeRoutes } from './learning/regrade.routes.ts';
import { reviewRoutes } from './learning/review.routes.ts';
import { submissionRoutes } from './learning/submission.routes.ts';
import type { SubmissionWatchers } from './learning/submission-watchers.ts';
import { aiSwitchRoutes } from './ops/ai-switch.routes.ts';
import { auditRoutes } from './ops/audit.routes.ts';
import { healthRoutes } from './ops/health.routes.ts';
import { queueDepthRoutes } from './ops/queue-depth.routes.ts';
import { userRolesRoutes } from './ops/user-roles.routes.ts';

export interface RouteDeps {
  db: DatabasePool;
  definitions: ExerciseDefinitions;
  backend: QueueBackend;
  dispatcher: Dispatcher;
  identity: IdentityDeps;
  learningMetrics: LearningMetrics;
  inFlightPerLearner: number;
  reviewsInFlightPerLearner: number;
  /** The requests that wait for news of a submission. */
  watchers: SubmissionWatchers;
  checks: readonly HealthCheck[];
}

/** The features, served below `/api/v1`. */
export const apiRoutes = ({
  db,
  definitions,
  backend,
  dispatcher,
  identity,
  learningMetrics: metrics,
  inFlightPerLearner,
  reviewsInFlightPerLearner,
  watchers,
}: RouteDeps): Route[] => [
  ...identityRoutes(identity),
  ...courseRoutes({ db, metrics }),
  ...exerciseRoutes({ db, definitions }),
  ...authoringRoutes({ db, definitions, dispatcher, metrics }),
  ...regradeRoutes({ db }),
  ...submissionRoutes({ db, backend, dispatcher, metrics, inFlightPerLearner, watchers }),
  ...reviewRoutes({ db, dispatcher, watchers, reviewsInFlightPerLearner }),
];

/** What machines and operators ask for; served at the root, where probes and autoscalers look, and below `/api/v1`. */
export const systemRoutes = ({ db, backend, checks }: RouteDeps): Route[] => [
  ...healthRoutes({ checks }),
  ...queueDepthRoutes({ backend }),
  ...aiSwitchRoutes({ db }),
  ...auditRoutes({ db }),
  ...userRolesRoutes({ db }),
];
