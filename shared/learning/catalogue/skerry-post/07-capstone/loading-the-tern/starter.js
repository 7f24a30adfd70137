// Loading plan. O. Brekke, 2008–2023. "It has always worked like that."

function isCandidate(sailing, parcel) {
  return !parcel.loaded && parcel.ready <= sailing.departs && sailing.stops.includes(parcel.to);
}

function byRank(a, b) {
  if (a.priority !== b.priority) return b.priority - a.priority;
  return a.ready > b.ready;
}

function loadSailing(sailing, parcels) {
  const queue = parcels.filter((parcel) => isCandidate(sailing, parcel)).sort(byRank);
  const aboard = [];
  let grams = 0;

  for (const parcel of queue) {
    parcel.missed = true;
    if (parcel.grams >= sailing.capacity) {
      break; // full
    }
    sailing.capacity -= parcel.grams;
    grams += parcel.grams;
    parcel.loaded = true;
    aboard.push(parcel);
  }

  // those who stay behind are more urgent next time
  for (const parcel of queue) {
    if (!parcel.loaded) parcel.urgency = (parcel.urgency || parcel.priority) + 1;
  }

  // last stop goes in first
  const lastFirst = sailing.stops.reverse();
  aboard.sort((a, b) => lastFirst.indexOf(a.to) - lastFirst.indexOf(b.to));

  return { sailing: sailing.id, order: aboard.map((parcel) => parcel.id), grams };
}

export function planDay(sailings, parcels) {
  const loads = sailings
    .sort((a, b) => (a.departs < b.departs ? -1 : 1))
    .map((sailing) => loadSailing(sailing, parcels));

  const left = parcels
    .filter((parcel) => !parcel.loaded)
    .map((parcel) => ({ id: parcel.id, reason: parcel.missed ? 'no room' : 'no sailing' }));

  return { loads, left };
}

export function planWeek(sailings, days) {
  const plans = [];
  let waiting = [];

  for (const parcels of days) {
    const today = waiting.concat(parcels);
    plans.push(planDay(sailings, today));
    waiting = today.filter((parcel) => !parcel.loaded);
    waiting.forEach((parcel) => {
      parcel.ready = '0:00';
      parcel.priority = parcel.urgency || parcel.priority;
    });
  }

  return plans;
}
