/** The rules of docs/architecture.md that a machine can check. @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'shared-knows-no-process', severity: 'error', from: { path: '^shared/' }, to: { path: '^(api|worker)/' } },
    { name: 'api-and-worker-are-strangers', severity: 'error', from: { path: '^api/' }, to: { path: '^worker/' } },
    { name: 'worker-and-api-are-strangers', severity: 'error', from: { path: '^worker/' }, to: { path: '^api/' } },
    {
      name: 'contexts-meet-in-shared-only',
      severity: 'error',
      from: { path: '^api/(identity|learning|social)/' },
      to: { path: '^api/(identity|learning|social)/', pathNot: '^api/$1/' },
    },
    {
      // accounts → login → second-factor → guard and sessions, which know none of the others.
      name: 'rooms-of-identity-one-way-1',
      severity: 'error',
      from: { path: '^api/identity/(guard|sessions)/' },
      to: { path: '^api/identity/[^/]+/', pathNot: '^api/identity/$1/' },
    },
    {
      name: 'rooms-of-identity-one-way-2',
      severity: 'error',
      from: { path: '^api/identity/second-factor/' },
      to: { path: '^api/identity/(accounts|login)/' },
    },
    {
      name: 'rooms-of-identity-one-way-3',
      severity: 'error',
      from: { path: '^api/identity/login/' },
      to: { path: '^api/identity/accounts/' },
    },
    {
      name: 'routes-reach-no-repository',
      severity: 'error',
      from: { path: '\\.routes\\.ts$' },
      to: { path: '\\.repository\\.ts$' },
    },
    {
      name: 'services-know-no-express',
      severity: 'error',
      from: { path: '\\.(service|policy|repository)\\.ts$' },
      to: { path: 'node_modules/(@types/)?express' },
    },
    {
      name: 'sql-only-in-repositories',
      severity: 'error',
      from: { pathNot: '(\\.repository\\.ts$|^shared/db/|^test/|^bench/)' },
      to: { path: '^shared/db/sql\\.ts$' },
    },
    {
      name: 'launcher-is-imported-by-nobody',
      severity: 'error',
      from: { pathNot: '^(shared/local|test|bench)/' },
      to: { path: '^shared/local/' },
    },
    {
      name: 'contracts-are-zod-only',
      severity: 'error',
      from: { path: '^shared/contracts/' },
      to: { pathNot: '^(shared/contracts/|shared/queues/queue-name\\.ts|node_modules/zod)' },
    },
    {
      name: 'tests-are-imported-by-nobody',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^(test|bench)/' },
    },
    { name: 'nothing-missing', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependencies-in-production',
      severity: 'error',
      from: { path: '^(api|worker|shared)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^shared/learning/catalogue/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
