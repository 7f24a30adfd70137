import { stations } from './stations.js';

/** One station's word on one parcel. An error is translated here, once, into an answer the line already understands. */
function ask(name, parcel) {
  try {
    return stations[name](parcel);
  } catch (error) {
    return { reject: `broke: ${error.message}` };
  }
}

export function runLine(parcels, names) {
  // Check the line before the first parcel is on it. `hasOwn`, because every object also "has" a toString.
  const unknown = names.find((name) => !Object.hasOwn(stations, name));
  if (unknown !== undefined) return { error: `no such station: ${unknown}` };

  const worked = Object.fromEntries(names.map((name) => [name, 0]));
  const done = [];
  const rejected = [];

  const send = (arrived) => {
    let parcel = arrived;
    for (const station of names) {
      worked[station] += 1;
      const answer = ask(station, parcel);
      if ('reject' in answer) {
        rejected.push({ id: arrived.id, station, reason: answer.reject });
        return;
      }
      parcel = answer.parcel;
    }
    done.push(parcel);
  };

  parcels.forEach(send);
  return { done, rejected, worked };
}
