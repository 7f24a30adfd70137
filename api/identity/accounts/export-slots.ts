import { AppError } from '../../../shared/errors.ts';

/** How many exports this process makes at a time: one of an account, a few in all. */
export class ExportSlots {
  readonly #busy = new Set<string>();
  readonly #atOnce: number;

  constructor(atOnce = 4) {
    this.#atOnce = atOnce;
  }

  /** Takes a slot until the signal is aborted. @throws AppError RATE_LIMITED or SERVICE_UNAVAILABLE. */
  take(userId: string, until: AbortSignal): void {
    if (this.#busy.has(userId)) {
      throw new AppError('RATE_LIMITED', 'An export of your data is on its way already.', { retryAfterSeconds: 10 });
    }
    if (this.#busy.size >= this.#atOnce) {
      throw new AppError('SERVICE_UNAVAILABLE', 'Too many exports at once; try again shortly.', {
        retryAfterSeconds: 10,
      });
    }
    if (until.aborted) return;
    this.#busy.add(userId);
    until.addEventListener('abort', () => this.#busy.delete(userId), { once: true });
  }
}
