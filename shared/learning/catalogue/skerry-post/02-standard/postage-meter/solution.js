// Money is whole øre from the first line to the last. 64.1 has no exact binary representation, 6410 has.
const TARIFF = [
  { upTo: 350, ore: 3800 },
  { upTo: 1000, ore: 6410 },
  { upTo: 5000, ore: 10_900 },
  { upTo: 10_000, ore: 15_990 },
  { upTo: 30_000, ore: 28_990 },
];

const SURCHARGE_PERCENT = new Map([
  ['fragile', 15],
  ['cold', 25],
]);

const DISCOUNT_PERCENT = 5;
const DISCOUNT_FROM = 10;

const sum = (amounts) => amounts.reduce((total, amount) => total + amount, 0);

/** Rounded half up, without ever leaving the integers: percent as a whole number, half of 100 added before dividing. */
const percentOf = (ore, percent) => Math.floor((ore * percent + 50) / 100);

/** Everybody pays the rounded-down share; the øre left over go to the first shops, one each. */
function split(ore, ways) {
  const share = Math.floor(ore / ways);
  const remainder = ore % ways;
  return Array.from({ length: ways }, (_, index) => share + (index < remainder ? 1 : 0));
}

export function quote({ grams, marks }) {
  if (grams <= 0) return null;
  const band = TARIFF.find(({ upTo }) => grams <= upTo);
  if (!band) return null;
  return band.ore + sum(marks.map((mark) => percentOf(band.ore, SURCHARGE_PERCENT.get(mark) ?? 0)));
}

export function invoice(parcels, shops) {
  const lines = parcels.map(quote);
  // What cannot be sent stays visible as a line and counts for nothing else.
  const charged = lines.filter((line) => line !== null);

  const subtotal = sum(charged);
  const discount = charged.length >= DISCOUNT_FROM ? percentOf(subtotal, DISCOUNT_PERCENT) : 0;
  const total = subtotal - discount;

  return { lines, discount, total, shares: split(total, shops) };
}
