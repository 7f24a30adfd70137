const ID = /^([A-Z]{3})-(\d{5})$/;
const WEIGHT = /^(?:(\d+)g|(\d+(?:\.\d{1,3})?)kg)$/;
const MARKS = new Set(['cold', 'fragile', 'live']);

/** Whole grams, or null. Rounding matters: 1.005 * 1000 is 1004.9999999999999 in binary floating point. */
function readWeight(word) {
  const match = WEIGHT.exec(word ?? '');
  if (!match) return null;
  const [, grams, kilograms] = match;
  const weight = grams === undefined ? Math.round(Number(kilograms) * 1000) : Number(grams);
  return weight > 0 ? weight : null;
}

/** Turns outside text into a parcel once, at the edge, so that nobody further in has to doubt it. */
export function readLabel(text) {
  if (typeof text !== 'string') return null;

  const [id, weight, ...marks] = text.trim().split(/ +/);
  const idMatch = ID.exec(id);
  const grams = readWeight(weight);
  if (!idMatch || grams === null || !marks.every((mark) => MARKS.has(mark))) return null;

  return { id, island: idMatch[1], serial: Number(idMatch[2]), grams, marks: [...new Set(marks)].sort() };
}
