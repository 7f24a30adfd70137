import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import type { ApiConfig } from '../../shared/config/api.config.ts';
import type { Notifications } from '../../shared/db/notifications.ts';
import { findHashExamples } from '../../shared/identity/password-hash.repository.ts';
import { createPasswords, type Passwords } from '../../shared/identity/passwords.ts';
import { createIdentityMetrics } from '../../shared/observability/identity.metrics.ts';
import { warnSeldom } from '../../shared/observability/log-once.ts';
import { observeRevocations } from '../../shared/observability/revocation.metrics.ts';
import type { Dispatcher } from '../../shared/queues/outbox.ts';
import { assuranceOf } from '../http/assurance.ts';
import { createBreachedPasswords } from './accounts/breached-passwords.ts';
import { ExportSlots } from './accounts/export-slots.ts';
import { createLoginGuard } from './guard/login-guard.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { createSecretSealer, sealingKeys, type SecretSealer } from './second-factor/sealed-secret.ts';
import { createAccessTokens } from './sessions/access-token.ts';
import { RevocationList } from './sessions/revocation-list.ts';

interface Opened {
  config: ApiConfig;
  log: Logger;
  registry: Registry;
  db: DatabasePool;
  dispatcher: Dispatcher;
  notifications: Pick<Notifications, 'subscribe'>;
}

/** Opens what the identity services work with. Whoever opened it closes `revocations`. */
export async function openIdentity(opened: Opened): Promise<IdentityDeps> {
  const { config, log, registry, db, dispatcher, notifications } = opened;
  const metrics = createIdentityMetrics(registry);
  const revocations = await RevocationList.open({
    db,
    notifications,
    windowSeconds: config.JWT_EXPIRATION,
    onError: warnSeldom(log, 'revoked access tokens could not be asked for'),
  });
  observeRevocations(registry, revocations);
  const secrets = { current: config.JWT_SECRET, previous: config.JWT_PREVIOUS_SECRET };
  const [accessTokens, passwords] = await Promise.all([
    createAccessTokens(secrets, config.JWT_EXPIRATION, metrics, revocations),
    openPasswords(config, db),
  ]);
  return {
    db,
    dispatcher,
    accessTokens,
    revocations,
    passwords,
    breachedPasswords: createBreachedPasswords({
      url: config.BREACHED_PASSWORDS_URL,
      metrics,
      onError: warnSeldom(log, 'new passwords are not compared with breached ones'),
    }),
    guard: createLoginGuard(db, metrics, config.LOGIN_FAILURES_BEFORE_DELAY),
    sealer: openSealer(config, log),
    assurance: assuranceOf(config),
    refreshLifetimeSeconds: config.REFRESH_TOKEN_LIFETIME,
    refreshGraceSeconds: config.REFRESH_GRACE_SECONDS,
    // Who asks for a mail to an address must not learn whether it has an account; for trying things out a mail would be in the way.
    registration: config.REGISTRATION ?? (config.SERVER_ENV === 'production' ? 'confirmed' : 'direct'),
    exports: new ExportSlots(),
    metrics,
  };
}

async function openPasswords(config: ApiConfig, db: DatabasePool): Promise<Passwords> {
  return createPasswords({
    parameters: { memoryKib: config.PASSWORD_HASH_MEMORY_KIB, passes: config.PASSWORD_HASH_PASSES },
    atOnce: config.PASSWORD_HASH_CONCURRENCY,
    examples: await findHashExamples(db),
  });
}

function openSealer(config: ApiConfig, log: Logger): SecretSealer {
  const keys = sealingKeys(config);
  if (keys.length === 0) log.warn('no MFA_ENCRYPTION_KEY: second factors can be neither set up nor checked');
  return createSecretSealer(keys);
}
