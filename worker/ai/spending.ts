import type { TokenUsage } from '../../shared/contracts/review.contract.ts';
import { addUsage, NOTHING_USED } from './usage.ts';

/** What the requests for one question counted together so far. */
export class Spending {
  usage: TokenUsage = NOTHING_USED;
  costMicros = 0;

  add(usage: TokenUsage, cost: number): void {
    this.usage = addUsage(this.usage, usage);
    this.costMicros += cost;
  }
}
