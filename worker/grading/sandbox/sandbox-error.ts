/** What went wrong in the platform itself. */
export type SandboxFault =
  'runner_died' | 'runner_unavailable' | 'machine_starved' | 'isolation_unavailable' | 'pool_closed';

/**
 * The sandbox could not do its work: never the learner's fault and never a verdict. Trying again later may help, except when
 * the demanded isolation is not there.
 */
export class SandboxError extends Error {
  readonly code: SandboxFault;
  readonly retryable: boolean;

  constructor(code: SandboxFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SandboxError';
    this.code = code;
    this.retryable = code !== 'isolation_unavailable';
  }
}
