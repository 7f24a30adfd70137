import { AppError } from '../../../shared/errors.ts';
import { networkOf } from '../../http/client-address.ts';

interface Exporter {
  readonly userId: string;
  readonly ip: string | null;
}

interface SlotLimits {
  /** In this process. */
  readonly inAll: number;
  /** Of all accounts behind one address. */
  readonly perNetwork: number;
}

const RETRY_SECONDS = 10;

/** How many exports this process makes at a time: one of an account, two of a network, a few in all. */
export class ExportSlots {
  /** The networks of those who have one, by account. */
  readonly #busy = new Map<string, string>();
  readonly #limits: SlotLimits;

  constructor(limits: SlotLimits = { inAll: 4, perNetwork: 2 }) {
    this.#limits = limits;
  }

  /** Takes a slot until the signal is aborted. @throws AppError RATE_LIMITED or SERVICE_UNAVAILABLE. */
  take({ userId, ip }: Exporter, until: AbortSignal): void {
    const network = networkOf(ip);
    if (this.#busy.has(userId)) throw refusal('RATE_LIMITED', 'An export of your data is on its way already.');
    if (this.#inNetwork(network) >= this.#limits.perNetwork) {
      throw refusal('RATE_LIMITED', 'Too many exports to your network at once; try again shortly.');
    }
    if (this.#busy.size >= this.#limits.inAll) {
      throw refusal('SERVICE_UNAVAILABLE', 'Too many exports at once; try again shortly.');
    }
    if (until.aborted) return;
    this.#busy.set(userId, network);
    until.addEventListener('abort', () => this.#busy.delete(userId), { once: true });
  }

  #inNetwork(network: string): number {
    return [...this.#busy.values()].filter((busy) => busy === network).length;
  }
}

const refusal = (code: 'RATE_LIMITED' | 'SERVICE_UNAVAILABLE', detail: string): AppError =>
  new AppError(code, detail, { retryAfterSeconds: RETRY_SECONDS });
