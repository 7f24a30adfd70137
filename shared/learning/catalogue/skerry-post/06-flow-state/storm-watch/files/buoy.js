/** A small random generator: the same seed always gives the same sea. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

/**
 * Calls the buoy. `readings` never ends by itself; `call` tells how many readings have been received, and whether the
 * link is open. Whoever stops listening properly closes it.
 */
export function callBuoy(seed) {
  const call = { received: 0, open: true };

  function* listen() {
    const random = randomFrom(seed);
    let height = 200;
    try {
      for (let minute = 0; ; minute += 1) {
        height = Math.min(600, Math.max(0, height + random(41) - 20));
        call.received += 1;
        yield { minute, height: random(40) === 0 ? null : height };
      }
    } finally {
      call.open = false;
    }
  }

  return { call, readings: listen() };
}
