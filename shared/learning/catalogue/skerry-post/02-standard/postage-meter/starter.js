// Postage meter. O. Brekke, new prices since April (kroner)

const BANDS = [
  { upTo: 350, price: 38 },
  { upTo: 1000, price: 64.1 },
  { upTo: 5000, price: 109 },
  { upTo: 10000, price: 159.9 },
  { upTo: 30000, price: 289.9 },
];

const SURCHARGES = { fragile: 0.15, cold: 0.25 };
const DISCOUNT = 0.05;

function bandFor(grams) {
  if (grams <= 0) return undefined;
  return BANDS.find((band) => grams < band.upTo);
}

function toOre(kroner) {
  // never charge more than the board says
  return Math.floor(kroner * 100);
}

export function quote(parcel) {
  const band = bandFor(parcel.grams);
  if (!band) return null;

  let kroner = band.price;
  for (const mark of parcel.marks) {
    if (SURCHARGES[mark]) {
      kroner += band.price * SURCHARGES[mark];
    }
  }
  return toOre(kroner);
}

export function invoice(parcels, shops) {
  const lines = parcels.map(quote);

  let sum = 0;
  for (const line of lines) {
    sum += line / 100;
  }

  // big senders get 5 % off
  let discount = 0;
  if (parcels.length > 10) {
    discount = sum * DISCOUNT;
  }

  const total = sum - discount;
  const share = toOre(total / shops);

  return {
    lines,
    discount: toOre(discount),
    total: toOre(total),
    shares: new Array(shops).fill(share),
  };
}
