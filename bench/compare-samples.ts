/** Whether two samples could be of one distribution (Mann–Whitney U, two-sided, normal approximation with tie correction). */
export interface Comparison {
  /** Of a difference this large by chance. */
  p: number;
  /** How often a value of the first is larger than one of the second; one half where nothing tells them apart. */
  superiority: number;
}

export function compareSamples(first: readonly number[], second: readonly number[]): Comparison {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let tieTerm = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1;
    const meanRank = (start + 1 + end) / 2;
    rankSum += meanRank * all.slice(start, end).filter(({ isFirst }) => isFirst).length;
    tieTerm += (end - start) ** 3 - (end - start);
    start = end;
  }
  const [n, m, total] = [first.length, second.length, all.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const deviation = Math.sqrt(((n * m) / 12) * (total + 1 - tieTerm / (total * (total - 1))));
  const z = deviation === 0 ? 0 : Math.abs(u - (n * m) / 2) / deviation;
  return { p: 2 * (1 - normalCdf(z)), superiority: u / (n * m) };
}

/** The smallest shift of the second sample, of those tried, that the comparison would have found. */
export function smallestVisibleShift(
  sample: readonly number[],
  other: readonly number[],
  { significance, step, most }: { significance: number; step: number; most: number },
): number | null {
  const centre = median(sample) - median(other);
  for (let shift = step; shift <= most; shift += step) {
    const shifted = other.map((value) => value + centre + shift);
    if (compareSamples(sample, shifted).p < significance) return shift;
  }
  return null;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** Abramowitz and Stegun 26.2.17, good to seven digits, for z ≥ 0. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const tail = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * tail;
}
