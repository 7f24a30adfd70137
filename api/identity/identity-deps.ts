import type { DatabasePool } from 'slonik';
import type { Passwords } from '../../shared/identity/passwords.ts';
import type { IdentityMetrics } from '../../shared/observability/identity.metrics.ts';
import type { Dispatcher } from '../../shared/queues/outbox.ts';
import type { Assurance } from '../http/assurance.ts';
import type { AccessTokens } from './sessions/access-token.ts';
import type { BreachedPasswords } from './accounts/breached-passwords.ts';
import type { ExportSlots } from './accounts/export-slots.ts';
import type { LoginGuard } from './guard/login-guard.ts';
import type { RevocationList } from './sessions/revocation-list.ts';
import type { SecretSealer } from './second-factor/sealed-secret.ts';

/** What the identity services work with; each names the part that it needs. */
export interface IdentityDeps {
  db: DatabasePool;
  dispatcher: Dispatcher;
  accessTokens: AccessTokens;
  revocations: RevocationList;
  passwords: Passwords;
  breachedPasswords: BreachedPasswords;
  guard: LoginGuard;
  /** Opens and seals the secrets of second factors. */
  sealer: SecretSealer;
  assurance: Assurance;
  refreshLifetimeSeconds: number;
  /** For so long after its first use a refresh token gives the same successor again. */
  refreshGraceSeconds: number;
  /** `direct`: an account is opened at once; `confirmed`: once its address is confirmed. */
  registration: 'direct' | 'confirmed';
  exports: ExportSlots;
  metrics: IdentityMetrics;
}
