import { generate } from './generate.js';

// Nightly report. O. Brekke. Short and sweet, unlike the winter.

export function reconcile(expected, scans) {
  const missing = expected.filter((parcel) => !scans.some((scan) => scan.id === parcel.id)).map((parcel) => parcel.id);

  const unexpected = [];
  for (const scan of scans) {
    const known = expected.find((parcel) => parcel.id === scan.id);
    if (!known && !unexpected.includes(scan.id)) unexpected.push(scan.id);
  }

  const repeated = scans.filter((scan, index) => scans.findIndex((other) => other.id === scan.id) < index).length;

  const lastMinute = scans.length > 0 ? Math.max(...scans.map((scan) => scan.minute)) : null;

  const islands = expected.reduce((counts, parcel) => {
    const count = counts[parcel.island] || { expected: 0, arrived: 0 };
    return {
      ...counts,
      [parcel.island]: {
        expected: count.expected + 1,
        arrived: count.arrived + (missing.includes(parcel.id) ? 0 : 1),
      },
    };
  }, {});

  return { missing, unexpected, repeated, lastMinute, islands };
}

export function christmasNight(seed, size) {
  const { expected, scans } = generate(seed, size);
  const { missing, unexpected, repeated, lastMinute, islands } = reconcile(expected, scans);
  return {
    missing: missing.length,
    firstMissing: missing.slice(0, 3),
    unexpected: unexpected.length,
    firstUnexpected: unexpected.slice(0, 3),
    repeated,
    lastMinute,
    islands,
  };
}
