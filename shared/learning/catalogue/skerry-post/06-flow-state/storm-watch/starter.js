import { callBuoy } from './buoy.js';

/** Yields an alert whenever a storm begins or ends. */
export function* stormWatch(readings, { window, storm, calm }) {
  // Your turn.
}

/** The first `count` items of an iterable, and not one reading more. */
export function take(iterable, count) {
  return [...iterable].slice(0, count);
}

export function alerts(readings, settings) {
  return [...stormWatch(readings, settings)];
}

export function watchBuoy(seed, count, settings) {
  const { call, readings } = callBuoy(seed);
  const taken = take(stormWatch(readings, settings), count);
  return { alerts: taken, received: call.received, open: call.open };
}
