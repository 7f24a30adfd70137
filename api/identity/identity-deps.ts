import type { DatabasePool } from 'slonik';
import type { Passwords } from '../../shared/identity/passwords.ts';
import type { IdentityMetrics } from '../../shared/observability/identity.metrics.ts';
import type { Dispatcher } from '../../shared/queues/outbox.ts';
import type { AccessTokens } from './access-token.ts';

/** What the identity services work with; each names the part that it needs. */
export interface IdentityDeps {
  db: DatabasePool;
  dispatcher: Dispatcher;
  accessTokens: AccessTokens;
  passwords: Passwords;
  refreshLifetimeSeconds: number;
  metrics: IdentityMetrics;
}
