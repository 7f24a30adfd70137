/** A message that cannot be processed. Anything else that is thrown is a bug of ours and must not pass for one. */
class Refusal extends Error {}

function createLedger() {
  return { parcels: new Map(), cashOre: 0, processedIds: new Set(), repeated: 0, failures: [] };
}

function waiting(ledger, id) {
  const parcel = ledger.parcels.get(id);
  if (!parcel) throw new Refusal(`unknown parcel ${id}`);
  if (parcel.status !== 'accepted') throw new Refusal(`not waiting ${id}`);
  return parcel;
}

// Every handler has two halves, and the order is the whole point: first check everything, then change everything.
// Nothing can fail in the second half, so no message is ever half processed.
const HANDLERS = new Map([
  [
    'accept',
    (ledger, { parcel, codOre }) => {
      if (ledger.parcels.has(parcel)) throw new Refusal(`already accepted ${parcel}`);

      ledger.parcels.set(parcel, { status: 'accepted', codOre: codOre ?? 0 });
    },
  ],
  [
    'handover',
    (ledger, { parcels: ids, paidOre }) => {
      const fetched = new Map();
      for (const id of ids) {
        const parcel = waiting(ledger, id);
        if (fetched.has(id)) throw new Refusal(`not waiting ${id}`);
        fetched.set(id, parcel);
      }
      const due = [...fetched.values()].reduce((sum, parcel) => sum + parcel.codOre, 0);
      if (paidOre !== due) throw new Refusal(`paid ${paidOre}, due ${due}`);

      for (const parcel of fetched.values()) parcel.status = 'delivered';
      ledger.cashOre += paidOre;
    },
  ],
  [
    'stamps',
    (ledger, { paidOre }) => {
      if (!Number.isInteger(paidOre) || paidOre <= 0) throw new Refusal('bad amount');

      ledger.cashOre += paidOre;
    },
  ],
  [
    'return',
    (ledger, { parcel: id }) => {
      const parcel = waiting(ledger, id);

      parcel.status = 'returned';
    },
  ],
]);

function receive(ledger, message) {
  if (typeof message?.id !== 'string') throw new Refusal('unreadable message');
  if (ledger.processedIds.has(message.id)) {
    ledger.repeated += 1;
    return;
  }
  const handle = HANDLERS.get(message.type);
  if (!handle) throw new Refusal(`unknown type ${message.type}`);

  handle(ledger, message);
  // Remembered only now: an id on this list means "its effect is in the ledger", not "we have seen it once".
  ledger.processedIds.add(message.id);
}

export function processBatches(batches) {
  const ledger = createLedger();

  // How messages were grouped for the radio means nothing to the ledger; each one fails alone.
  for (const message of batches.flat()) {
    try {
      receive(ledger, message);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const id = typeof message?.id === 'string' ? message.id : null;
      ledger.failures.push({ id, reason: error.message });
    }
  }

  return {
    parcels: Object.fromEntries([...ledger.parcels].map(([id, { status }]) => [id, status])),
    cashOre: ledger.cashOre,
    processed: ledger.processedIds.size,
    repeated: ledger.repeated,
    failures: ledger.failures,
  };
}
