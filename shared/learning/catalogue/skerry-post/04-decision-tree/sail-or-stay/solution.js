const INSTRUMENTS = ['wind', 'waves', 'visibility'];

/** `== null` is true for null and undefined only: a wind of 0 is a reading, an absent one is not. */
const silentInstrument = (reading) => INSTRUMENTS.find((name) => reading[name] == null);

// The wall, as data. The number of a rule is its place in the list, so the two can never disagree, and the list can
// be read aloud to the captain. The last rule always applies; there is no reading without a decision.
const RULES = [
  {
    applies: (reading) => silentInstrument(reading) !== undefined,
    decision: 'stay',
    reason: (reading) => `no reading: ${silentInstrument(reading)}`,
  },
  { applies: ({ wind }) => wind >= 25, decision: 'stay', reason: () => 'storm' },
  { applies: ({ medical }) => medical === true, decision: 'sail', reason: () => 'medical' },
  { applies: ({ visibility, radar }) => visibility < 500 && radar !== true, decision: 'stay', reason: () => 'fog' },
  { applies: ({ visibility }) => visibility < 500, decision: 'slow', reason: () => 'fog' },
  { applies: ({ waves, wind }) => waves > 3 || wind >= 15, decision: 'slow', reason: () => 'rough sea' },
  { applies: () => true, decision: 'sail', reason: () => 'all clear' },
];

export function decide(reading) {
  const index = RULES.findIndex(({ applies }) => applies(reading));
  const { decision, reason } = RULES[index];
  return { rule: index + 1, decision, reason: reason(reading) };
}

export function logbook(readings) {
  const entries = readings.map((reading) => {
    const { decision, reason } = decide(reading);
    return { hour: reading.hour, decision, reason };
  });
  return entries.filter((entry, index) => {
    const before = entries[index - 1];
    return !before || entry.decision !== before.decision || entry.reason !== before.reason;
  });
}
