/** @type {import('jest').Config} */
export default {
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/strip-types.transform.mjs' },
  testEnvironment: 'node',
  watchman: false,
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 60_000,
  // Suites wait for processes most of their time: three run at once also on two cores. A worker keeps the modules of every suite it ran.
  maxWorkers: 3,
  workerIdleMemoryLimit: '1GB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['api/**/*.ts', 'worker/**/*.ts', 'shared/**/*.ts'],
  coverageThreshold: { global: { lines: 80 } },
  coverageReporters: ['text-summary', 'lcov'],
  modulePathIgnorePatterns: ['<rootDir>/.local'],
};
