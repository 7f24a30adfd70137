// The shape of the repair: what we are *given* (sailings, parcels) is never written to. What we find out while planning
// (urgency, whether a parcel was ever a candidate, whether it is aboard) lives in bookings that belong to one day.

function toMinutes(time) {
  const [hours, minutes] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// Both orders are total: no two different entries compare as equal, so there is only one right answer.
const byDeparture = (a, b) => toMinutes(a.departs) - toMinutes(b.departs) || compare(a.id, b.id);
const byRank = (a, b) => b.urgency - a.urgency || a.readyAt - b.readyAt || compare(a.parcel.id, b.parcel.id);

const book = (parcel) => ({
  parcel,
  readyAt: toMinutes(parcel.ready),
  urgency: parcel.priority,
  wasCandidate: false,
  loaded: false,
});

function loadSailing(sailing, bookings) {
  const departsAt = toMinutes(sailing.departs);
  const candidates = bookings
    .filter(({ parcel, loaded, readyAt }) => !loaded && readyAt <= departsAt && sailing.stops.includes(parcel.to))
    .sort(byRank); // of the list that `filter` has just made

  let grams = 0;
  for (const booking of candidates) {
    booking.wasCandidate = true;
    if (grams + booking.parcel.grams <= sailing.capacity) {
      booking.loaded = true;
      grams += booking.parcel.grams;
    } else {
      booking.urgency += 1;
    }
  }

  // Rank within a stop comes for free: `filter` keeps the order of the candidates.
  const order = [...sailing.stops]
    .reverse()
    .flatMap((stop) => candidates.filter(({ loaded, parcel }) => loaded && parcel.to === stop))
    .map(({ parcel }) => parcel.id);

  return { sailing: sailing.id, order, grams };
}

/** Plans a day on fresh bookings and returns both: the plan for the world, the bookings for the day after. */
function bookDay(sailings, parcels) {
  const bookings = parcels.map(book);
  const loads = [...sailings].sort(byDeparture).map((sailing) => loadSailing(sailing, bookings));
  const remaining = bookings.filter(({ loaded }) => !loaded);
  const left = remaining.map(({ parcel, wasCandidate }) => ({
    id: parcel.id,
    reason: wasCandidate ? 'no room' : 'no sailing',
  }));
  return { plan: { loads, left }, remaining };
}

export function planDay(sailings, parcels) {
  return bookDay(sailings, parcels).plan;
}

export function planWeek(sailings, days) {
  const plans = [];
  let waiting = [];
  for (const parcels of days) {
    const { plan, remaining } = bookDay(sailings, [...waiting, ...parcels]);
    plans.push(plan);
    waiting = remaining.map(({ parcel, urgency }) => ({ ...parcel, ready: '0:00', priority: urgency }));
  }
  return plans;
}
