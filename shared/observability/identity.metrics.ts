import { Counter, type Registry } from 'prom-client';

export interface IdentityMetrics {
  attempt: (result: 'success' | 'invalid_credentials' | 'refreshed' | 'refresh_rejected' | 'refresh_reused') => void;
  tokenValidation: (result: 'valid' | 'expired' | 'invalid') => void;
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
  const registrations = new Counter({ name: 'user_registrations_total', help: 'Accounts made', registers });
  return {
    attempt: (result) => {
      attempts.inc({ result });
    },
    tokenValidation: (result) => {
      validations.inc({ result });
    },
    registered: () => {
      registrations.inc();
    },
  };
}
