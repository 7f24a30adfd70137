class Refusal extends Error {}

function refuseIf(condition, reason) {
  if (condition) throw new Refusal(reason);
}

/** The deck, known from both sides: which crate is in a slot, and which slot a crate is in. */
class Deck {
  #crateIn = new Map();
  #slotOf = new Map();
  #slots;

  constructor(slots) {
    this.#slots = new Set(slots);
  }

  slotOf(crate) {
    const slot = this.#slotOf.get(crate);
    refuseIf(slot === undefined, `not aboard: ${crate}`);
    return slot;
  }

  requireAshore(crate) {
    refuseIf(this.#slotOf.has(crate), `already aboard: ${crate}`);
  }

  requireEmpty(slot) {
    refuseIf(!this.#slots.has(slot), `no such slot: ${slot}`);
    refuseIf(this.#crateIn.has(slot), `slot taken: ${slot}`);
  }

  /** The one way in which a deck changes: a crate leaves a slot (or the quay, null) for another. */
  shift({ crate, from, to }) {
    if (from !== null && this.#crateIn.get(from) === crate) this.#crateIn.delete(from);
    if (to === null) {
      this.#slotOf.delete(crate);
    } else {
      this.#crateIn.set(to, crate);
      this.#slotOf.set(crate, to);
    }
  }

  toObject() {
    return Object.fromEntries(this.#crateIn);
  }
}

const inverse = (shifts) => shifts.map(({ crate, from, to }) => ({ crate, from: to, to: from })).reverse();

// An operation checks whether it can be done and says *which shifts* it amounts to. That is all it has to know:
// performing, undoing and redoing work on shifts and are the same for every operation, today's and tomorrow's.
const OPERATIONS = {
  put(deck, { crate, slot }) {
    deck.requireAshore(crate);
    deck.requireEmpty(slot);
    return [{ crate, from: null, to: slot }];
  },
  move(deck, { crate, slot }) {
    const from = deck.slotOf(crate);
    deck.requireEmpty(slot);
    return [{ crate, from, to: slot }];
  },
  remove(deck, { crate }) {
    return [{ crate, from: deck.slotOf(crate), to: null }];
  },
  swap(deck, { crates: [first, second] }) {
    const [one, other] = [deck.slotOf(first), deck.slotOf(second)];
    refuseIf(first === second, `same crate: ${first}`);
    return [
      { crate: first, from: one, to: other },
      { crate: second, from: other, to: one },
    ];
  },
};

const apply = (deck, shifts) => shifts.forEach((shift) => deck.shift(shift));

/** Performs an operation and returns its shifts; if it cannot be done, the deck is as before. */
function perform(deck, operation) {
  if (operation.do !== 'all') {
    const shifts = OPERATIONS[operation.do](deck, operation);
    apply(deck, shifts);
    return shifts;
  }
  const done = [];
  try {
    for (const step of operation.steps) done.push(...perform(deck, step));
  } catch (error) {
    apply(deck, inverse(done));
    throw error;
  }
  return done;
}

export function plan(slots, actions) {
  const deck = new Deck(slots);
  const past = [];
  const future = [];

  function step(from, to, change, nothing) {
    const shifts = from.pop();
    if (!shifts) return nothing;
    apply(deck, change(shifts));
    to.push(shifts);
    return 'ok';
  }

  function operate(operation) {
    try {
      past.push(perform(deck, operation));
      future.length = 0;
      return 'ok';
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.message;
    }
  }

  return actions.map((action) => {
    switch (action.do) {
      case 'undo':
        return step(past, future, inverse, 'nothing to undo');
      case 'redo':
        return step(future, past, (shifts) => shifts, 'nothing to redo');
      case 'show':
        return deck.toObject();
      default:
        return operate(action);
    }
  });
}
