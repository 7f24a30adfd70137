import type { ChangeWatch } from '../../shared/db/change-watch.ts';
import type { LearningMetrics } from '../../shared/observability/learning.metrics.ts';

/** A request that is kept open for news: a long poll, or a stream of events. */
export type WatcherKind = 'wait' | 'stream';

interface WatcherLimits {
  /** Of both kinds together, in this process. */
  perProcess: number;
  /** Of one learner in this process. */
  perLearner: Record<WatcherKind, number>;
}

interface WatchRequest {
  kind: WatcherKind;
  learnerId: string;
  submissionId: string;
  /** Aborted when the client is gone. */
  signal: AbortSignal;
}

/** `changed`: read again. `timeout`: nothing came. `ended`: nobody waits any more, or the process is shutting down. */
type News = 'changed' | 'timeout' | 'ended';

/** Which limit keeps a watcher from being opened. */
export type WatcherRefusal = 'too_many_of_learner' | 'too_many_of_process';

/** The requests of this process that wait for news of a submission: few enough, gone with their clients, released at shutdown. */
export class SubmissionWatchers {
  readonly #changes: Pick<ChangeWatch, 'watch'>;
  readonly #limits: WatcherLimits;
  readonly #metrics: LearningMetrics;
  readonly #open = new Set<Watcher>();
  readonly #perLearner = new Map<string, number>();
  readonly #perKind: Record<WatcherKind, number> = { wait: 0, stream: 0 };
  #isReleased = false;

  constructor(changes: Pick<ChangeWatch, 'watch'>, limits: WatcherLimits, metrics: LearningMetrics) {
    this.#changes = changes;
    this.#limits = limits;
    this.#metrics = metrics;
  }

  /** Watch first, read after: then no change falls in between. Close the watcher in the end; the client's leaving closes it too. */
  open(request: WatchRequest): Watcher | WatcherRefusal {
    const { kind, learnerId, submissionId, signal } = request;
    const key = `${kind} ${learnerId}`;
    const ofLearner = this.#perLearner.get(key) ?? 0;
    if (ofLearner >= this.#limits.perLearner[kind]) return 'too_many_of_learner';
    if (this.#open.size >= this.#limits.perProcess) return 'too_many_of_process';
    const watcher: Watcher = new Watcher(() => {
      unwatch();
      signal.removeEventListener('abort', leave);
      this.#open.delete(watcher);
      this.#count(key, kind, -1);
    });
    const unwatch = this.#changes.watch(submissionId, () => {
      watcher.hint();
    });
    const leave = (): void => {
      watcher.close();
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#open.add(watcher);
    this.#count(key, kind, 1);
    if (signal.aborted || this.#isReleased) watcher.close();
    return watcher;
  }

  /** Lets everybody go, now and from now on: the process is shutting down. */
  release(): void {
    this.#isReleased = true;
    for (const watcher of this.#open) watcher.close();
  }

  #count(key: string, kind: WatcherKind, by: 1 | -1): void {
    const ofLearner = (this.#perLearner.get(key) ?? 0) + by;
    if (ofLearner === 0) this.#perLearner.delete(key);
    else this.#perLearner.set(key, ofLearner);
    this.#perKind[kind] += by;
    this.#metrics.watchers(kind, this.#perKind[kind]);
  }
}

/** One request's view of its submission. */
export class Watcher {
  readonly #onClose: () => void;
  /** A hint that came while nobody waited. */
  #isHinted = false;
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** Waits until the submission may have changed since the call before, at most `timeoutMs`. */
  async next(timeoutMs: number): Promise<News> {
    if (!this.#isHinted && !this.#isClosed) await this.#rest(timeoutMs);
    if (this.#isClosed) return 'ended';
    if (!this.#isHinted) return 'timeout';
    this.#isHinted = false;
    return 'changed';
  }

  hint(): void {
    this.#isHinted = true;
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
    this.#wake?.();
  }

  async #rest(timeoutMs: number): Promise<void> {
    const rest = Promise.withResolvers<void>();
    const timer = setTimeout(rest.resolve, Math.max(0, timeoutMs));
    this.#wake = rest.resolve;
    await rest.promise;
    this.#wake = null;
    clearTimeout(timer);
  }
}
