const ISLANDS = ['HAV', 'LYN', 'STO', 'KRA', 'MOL', 'UTS'];

/** A small random generator: the same seed always gives the same night. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

/** A night of `size` expected parcels and somewhat more scans. */
export function generate(seed, size) {
  const random = randomFrom(seed);
  const expected = [];
  const scans = [];

  for (let serial = 0; serial < size; serial += 1) {
    const island = ISLANDS[random(ISLANDS.length)];
    const id = `${island}-${String(serial).padStart(5, '0')}`;
    expected.push({ id, island });
    if (random(50) > 0) scans.push({ id, minute: random(1440) });
    if (random(10) === 0) scans.push({ id, minute: random(1440) });
    if (random(20) === 0) scans.push({ id: `OLD-${String(random(size)).padStart(5, '0')}`, minute: random(1440) });
  }

  // The radio delivers them in any order.
  for (let last = scans.length - 1; last > 0; last -= 1) {
    const other = random(last + 1);
    [scans[last], scans[other]] = [scans[other], scans[last]];
  }
  return { expected, scans };
}
