/** A command the office says no to. Anything else that is thrown is a fault of the program and is not hidden. */
class Refusal extends Error {}

function refuseIf(condition, reason) {
  if (condition) throw new Refusal(reason);
}

const PARCEL_ID = /^[A-Z]{3}-\d{5}$/;
const MAX_GRAMS = 30_000;
const MAX_WIND = 25;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

function openOffice() {
  return { open: true, wind: null, cashOre: 0, parcels: new Map() };
}

// One handler for each command. All have the same shape: refuse, refuse, refuse, then change. What a handler returns is
// added to the answer. They know nothing of keys and repetitions; that is the business of the desk below.
const HANDLERS = new Map(
  Object.entries({
    accept(office, { id, grams, codOre = 0 }) {
      refuseIf(typeof id !== 'string' || !PARCEL_ID.test(id), 'bad id');
      refuseIf(!Number.isInteger(grams) || grams < 1 || grams > MAX_GRAMS, 'bad weight');
      refuseIf(!Number.isInteger(codOre) || codOre < 0, 'bad cash');
      refuseIf(office.parcels.has(id), 'already accepted');

      office.parcels.set(id, { id, island: id.slice(0, 3), grams, codOre, status: 'waiting' });
    },

    weather(office, { wind }) {
      refuseIf(typeof wind !== 'number' || wind < 0, 'bad reading');

      office.wind = wind;
    },

    sail(office, { to, capacity }) {
      refuseIf(office.wind === null, 'no reading');
      refuseIf(office.wind >= MAX_WIND, 'too much wind');
      const aboard = chooseLoad(office, new Set(to), capacity);
      refuseIf(aboard.length === 0, 'nothing to carry');

      for (const parcel of aboard) parcel.status = 'ashore';
      return { loaded: aboard.map(({ id }) => id) };
    },

    deliver(office, { ids, paidOre }) {
      const fetched = new Set();
      for (const id of ids) {
        const parcel = office.parcels.get(id);
        refuseIf(!parcel, `unknown parcel ${id}`);
        refuseIf(parcel.status !== 'ashore' || fetched.has(parcel), `not ashore ${id}`);
        fetched.add(parcel);
      }
      refuseIf(paidOre !== sum([...fetched].map(({ codOre }) => codOre)), 'wrong amount');

      for (const parcel of fetched) parcel.status = 'delivered';
      office.cashOre += paidOre;
    },

    close(office) {
      office.open = false;
    },
  }),
);

/** A Map keeps the order in which its keys were added, so the parcels come in the order they were accepted. */
function chooseLoad(office, islands, capacity) {
  let room = capacity;
  const aboard = [];
  for (const parcel of office.parcels.values()) {
    if (parcel.status !== 'waiting' || !islands.has(parcel.island) || parcel.grams > room) continue;
    room -= parcel.grams;
    aboard.push(parcel);
  }
  return aboard;
}

function answer(office, command) {
  const { key, type } = command;
  try {
    refuseIf(!office.open, 'closed');
    const handle = HANDLERS.get(type);
    refuseIf(!handle, 'unknown command');
    return { key, ok: true, ...handle(office, command) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { key, ok: false, reason: error.message };
  }
}

function busiestIsland(delivered) {
  const counts = new Map();
  for (const { island } of delivered) counts.set(island, (counts.get(island) ?? 0) + 1);
  const ranking = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return ranking[0]?.[0] ?? null;
}

function reportOf({ parcels, cashOre }) {
  const withStatus = (status) => [...parcels.values()].filter((parcel) => parcel.status === status);
  const ids = (list) => list.map(({ id }) => id).sort();
  const [waiting, ashore, delivered] = ['waiting', 'ashore', 'delivered'].map(withStatus);
  return {
    waiting: ids(waiting),
    ashore: ids(ashore),
    delivered: ids(delivered),
    cashOre,
    dueOre: sum([...waiting, ...ashore].map(({ codOre }) => codOre)),
    busiest: busiestIsland(delivered),
  };
}

export function runDay(commands) {
  const office = openOffice();
  const given = new Map();
  const answers = commands.map((command) => {
    if (!given.has(command.key)) given.set(command.key, answer(office, command));
    return given.get(command.key);
  });
  return { answers, report: reportOf(office) };
}
