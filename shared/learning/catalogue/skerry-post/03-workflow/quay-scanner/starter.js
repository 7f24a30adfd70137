// Radio ledger. O. Brekke. Survived the storm of 2013.

function createLedger() {
  return { parcels: new Map(), cashOre: 0, processed: 0, repeated: 0, failures: [], recent: [] };
}

function waiting(ledger, id) {
  const parcel = ledger.parcels.get(id);
  if (!parcel) throw new Error(`unknown parcel ${id}`);
  if (parcel.status !== 'accepted') throw new Error(`not waiting ${id}`);
  return parcel;
}

function accept(ledger, message) {
  if (ledger.parcels.has(message.parcel)) throw new Error(`already accepted ${message.parcel}`);
  ledger.parcels.set(message.parcel, { status: 'accepted', codOre: message.codOre || 0 });
}

function handover(ledger, message) {
  let due = 0;
  for (const id of message.parcels) {
    const parcel = waiting(ledger, id);
    parcel.status = 'delivered';
    due += parcel.codOre;
  }
  if (message.paidOre !== due) throw new Error(`paid ${message.paidOre}, due ${due}`);
  ledger.cashOre += message.paidOre;
}

function giveBack(ledger, message) {
  waiting(ledger, message.parcel).status = 'returned';
}

function sellStamps(ledger, message) {
  if (!(message.paidOre > 0)) throw new Error('bad amount');
  ledger.cashOre += message.paidOre;
}

const HANDLERS = { accept, handover, stamps: sellStamps, return: giveBack };

function receive(ledger, message) {
  if (ledger.recent.includes(message.id)) {
    ledger.repeated++; // double tap
    return;
  }
  ledger.recent.unshift(message.id);
  ledger.recent.length = Math.min(ledger.recent.length, 3); // saves memory

  const handler = HANDLERS[message.type];
  if (!handler) throw new Error(`unknown type ${message.type}`);
  handler(ledger, message);
  ledger.processed++;
}

export function processBatches(batches) {
  const ledger = createLedger();

  for (const batch of batches) {
    let current = null;
    try {
      for (const message of batch) {
        current = message;
        receive(ledger, message);
      }
    } catch (error) {
      if (current && current.id) ledger.failures.push({ id: current.id, reason: error.message });
      // anything else is radio noise
    }
  }

  const parcels = {};
  for (const [id, parcel] of ledger.parcels) parcels[id] = parcel.status;
  return {
    parcels,
    cashOre: ledger.cashOre,
    processed: ledger.processed,
    repeated: ledger.repeated,
    failures: ledger.failures,
  };
}
