import { callBuoy } from './buoy.js';

/**
 * The sum of the last `size` numbers: each new one replaces the oldest in a ring of fixed size, so a reading costs the
 * same for a window of an hour and one of a week. The numbers are integers; a running sum of fractions would drift.
 */
class SlidingSum {
  #ring;
  #next = 0;
  #count = 0;
  sum = 0;

  constructor(size) {
    this.#ring = Array.from({ length: size }, () => 0);
  }

  push(value) {
    this.sum += value - this.#ring[this.#next];
    this.#ring[this.#next] = value;
    this.#next = (this.#next + 1) % this.#ring.length;
    if (this.#count < this.#ring.length) this.#count += 1;
  }

  get isFull() {
    return this.#count === this.#ring.length;
  }
}

export function* stormWatch(readings, { window, storm, calm }) {
  const heights = new SlidingSum(window);
  let stormy = false;

  // `for … of` passes a "no more, thank you" from whoever listens to us on to whomever we listen to.
  for (const { minute, height } of readings) {
    if (height === null) continue;
    heights.push(height);
    if (!heights.isFull) continue;

    const mean = heights.sum / window;
    if (stormy ? mean <= calm : mean >= storm) {
      stormy = !stormy;
      yield { minute, alert: stormy ? 'storm' : 'calm', mean: Math.round(mean) };
    }
  }
}

export function take(iterable, count) {
  const items = [];
  if (count <= 0) return items;
  for (const item of iterable) {
    items.push(item);
    // Leave now. At the top of the next round it would be too late: one more item would have been asked for.
    if (items.length === count) break;
  }
  return items;
}

export function alerts(readings, settings) {
  return [...stormWatch(readings, settings)];
}

export function watchBuoy(seed, count, settings) {
  const { call, readings } = callBuoy(seed);
  const taken = take(stormWatch(readings, settings), count);
  return { alerts: taken, received: call.received, open: call.open };
}
