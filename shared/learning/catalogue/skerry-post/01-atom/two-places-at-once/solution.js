const NEXT = {
  registered: ['aboard'],
  aboard: ['ashore'],
  ashore: ['delivered', 'aboard'],
  delivered: [],
};

const refuse = (id, reason) => ({ refused: id, reason });

/**
 * Parcels are values here: nobody changes one, a new one takes its place in the map.
 * Three of the four notes were one bug, an array with two owners, and it cannot come back: a parcel that somebody holds
 * never changes under their hands.
 */
export function createTracker() {
  const parcels = new Map();

  return {
    register(ids, island, marks) {
      const refusals = [];
      for (const id of ids) {
        if (parcels.has(id)) refusals.push(refuse(id, 'already registered'));
        else parcels.set(id, { id, island, status: 'registered', stops: [], marks });
      }
      return refusals;
    },

    mark(id, mark) {
      const parcel = parcels.get(id);
      if (!parcel) return [refuse(id, 'unknown parcel')];
      parcels.set(id, { ...parcel, marks: [...parcel.marks, mark] });
      return [];
    },

    move(id, to, place) {
      const parcel = parcels.get(id);
      if (!parcel) return [refuse(id, 'unknown parcel')];
      // Decide first, change afterwards: a refusal leaves no trace.
      if (!NEXT[parcel.status].includes(to)) return [refuse(id, 'not a legal move')];
      parcels.set(id, { ...parcel, status: to, stops: [...parcel.stops, place] });
      return [];
    },

    show(id) {
      return parcels.get(id) ?? null;
    },
  };
}

export function replay(events) {
  const tracker = createTracker();
  const answers = [];
  for (const event of events) {
    switch (event.type) {
      case 'register':
        answers.push(...tracker.register(event.ids, event.island, event.marks));
        break;
      case 'mark':
        answers.push(...tracker.mark(event.id, event.mark));
        break;
      case 'move':
        answers.push(...tracker.move(event.id, event.to, event.place));
        break;
      case 'show':
        answers.push(tracker.show(event.id));
        break;
    }
  }
  return answers;
}
