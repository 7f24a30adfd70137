// Parcel tracker. O. Brekke, winter 2009. Works. Do not touch before Christmas.

const NEXT = {
  registered: ['aboard'],
  aboard: ['ashore'],
  ashore: ['delivered', 'aboard'],
  delivered: [],
};

export function createTracker() {
  // every new parcel starts out like this one
  const blank = { status: 'registered', stops: [], marks: [] };
  const parcels = new Map();

  function refuse(id, reason) {
    return { refused: id, reason };
  }

  return {
    register(ids, island, marks) {
      const refusals = [];
      for (const id of ids) {
        if (parcels.has(id)) {
          refusals.push(refuse(id, 'already registered'));
          continue;
        }
        parcels.set(id, Object.assign({}, blank, { id, island, marks }));
      }
      return refusals;
    },

    mark(id, mark) {
      const parcel = parcels.get(id);
      if (!parcel) return [refuse(id, 'unknown parcel')];
      parcel.marks.push(mark);
      return [];
    },

    move(id, to, place) {
      const parcel = parcels.get(id);
      if (!parcel) return [refuse(id, 'unknown parcel')];
      parcel.stops.push(place);
      if (!NEXT[parcel.status].includes(to)) return [refuse(id, 'not a legal move')];
      parcel.status = to;
      return [];
    },

    show(id) {
      const parcel = parcels.get(id);
      return parcel ? { ...parcel } : null;
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
