import fc from 'fast-check';

/**
 * fast-check with a seed, so that a run of the tests means the same each time. Look for new counterexamples with
 * `PROPERTY_SEED=random` (each failure names its seed) and more of them with `PROPERTY_RUNS=5000`.
 */
const { PROPERTY_SEED: seed = '20261123', PROPERTY_RUNS: runs } = process.env;

fc.configureGlobal({
  ...(seed === 'random' ? {} : { seed: Number(seed) }),
  ...(runs === undefined ? {} : { numRuns: Number(runs) }),
});

export { fc };
