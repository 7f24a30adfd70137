import { stations } from './stations.js';

/**
 * Sends every parcel past the named stations.
 *
 * @param {object[]} parcels
 * @param {string[]} names names of stations, in the order of the line
 */
export function runLine(parcels, names) {
  const done = [];
  const rejected = [];
  const worked = {};

  // Your turn: `stations[name](parcel)` asks one station.

  return { done, rejected, worked };
}
