/** The stations of the sorting line: a parcel goes in, `{ parcel }` or `{ reject: reason }` comes out. */
export const stations = {
  weigh(parcel) {
    if (typeof parcel.grams !== 'number') throw new TypeError('the scales show nothing');
    if (parcel.grams > 30000) return { reject: 'too heavy for the crane' };
    return { parcel: { ...parcel, heavy: parcel.grams > 10000 } };
  },

  xray(parcel) {
    if (parcel.contents.includes('firework')) return { reject: 'not allowed aboard' };
    return { parcel };
  },

  stamp(parcel) {
    if (!(parcel.postage > 0)) return { reject: 'no postage' };
    return { parcel: { ...parcel, stamped: true } };
  },

  route(parcel) {
    const quay = { HAV: 1, LYN: 1, STO: 2, KRA: 2, MOL: 3, UTS: 3 }[parcel.id.slice(0, 3)];
    return quay ? { parcel: { ...parcel, quay } } : { reject: 'no such island' };
  },
};
