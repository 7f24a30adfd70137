import { Counter, type Registry } from 'prom-client';
import type { GuardScope } from '../identity/login-guard.repository.ts';

export interface IdentityMetrics {
  attempt: (
    result:
      | 'success'
      | 'invalid_credentials'
      | 'invalid_code'
      | 'delayed'
      | 'refreshed'
      | 'refresh_repeated'
      | 'refresh_rejected'
      | 'refresh_reused',
  ) => void;
  /** A failure after which attempts have to wait. */
  delayed: (scope: GuardScope) => void;
  breachCheck: (result: 'clean' | 'breached' | 'unavailable') => void;
  tokenValidation: (result: 'valid' | 'expired' | 'invalid' | 'revoked') => void;
  registered: () => void;
}

export function createIdentityMetrics(registry: Registry): IdentityMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'auth_attempts_total',
    help: 'Logins and token refreshes',
    labelNames: ['result'],
    registers,
  });
  const validations = new Counter({
    name: 'auth_token_validations_total',
    help: 'Access tokens checked',
    labelNames: ['result'],
    registers,
  });
  const delays = new Counter({
    name: 'login_delays_total',
    help: 'Failed proofs of identity after which the next have to wait, by what they are counted of',
    labelNames: ['scope'],
    registers,
  });
  const breachChecks = new Counter({
    name: 'breached_password_checks_total',
    help: 'New passwords looked up in the list of breached ones; where that gave no answer they were let through',
    labelNames: ['result'],
    registers,
  });
  const registrations = new Counter({ name: 'user_registrations_total', help: 'Accounts made', registers });
  return {
    attempt: (result) => {
      attempts.inc({ result });
    },
    delayed: (scope) => {
      delays.inc({ scope });
    },
    breachCheck: (result) => {
      breachChecks.inc({ result });
    },
    tokenValidation: (result) => {
      validations.inc({ result });
    },
    registered: () => {
      registrations.inc();
    },
  };
}
