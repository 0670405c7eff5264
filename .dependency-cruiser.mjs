// The direction of imports (docs/architecture.md): whoever reads one folder needs nothing above it.
// Each folder lists what it may import besides itself; type-only imports count.
const belowCache = [
  'internal',
  'core',
  'keys',
  'options',
  'in-process',
  'serialization',
  'loading',
  'coherence',
]
const belowFeatures = [...belowCache, 'cache']
const layers = {
  internal: [],
  core: ['internal'],
  keys: ['internal', 'core'],
  options: ['internal', 'core', 'keys'],
  serialization: ['internal', 'core', 'keys', 'options'],
  'in-process': ['internal', 'core', 'keys', 'options', 'serialization'],
  loading: ['internal', 'core', 'keys', 'options'],
  coherence: ['internal', 'core', 'keys', 'options'],
  cache: belowCache,
  memory: belowFeatures,
  redis: belowFeatures,
  tiered: [...belowFeatures, 'memory'],
  ratelimit: belowFeatures,
  lock: belowFeatures,
  memoize: belowFeatures,
  scope: belowFeatures,
  audit: belowFeatures,
  observe: belowFeatures,
  analysis: [...belowFeatures, 'memory'],
  metrics: belowFeatures,
  dashboard: [...belowFeatures, 'memory', 'analysis', 'audit', 'metrics'],
  prometheus: [...belowFeatures, 'metrics'],
  otel: [...belowFeatures, 'metrics'],
  sentry: [...belowFeatures, 'metrics'],
  loggers: belowFeatures,
  testing: [...belowFeatures, 'memory', 'tiered', 'ratelimit', 'lock', 'memoize', 'observe'],
}

const clients = '^(node_modules/)?(redis|@redis/client|ioredis)(/|$)'

const direction = Object.entries(layers).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-below`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}))

// A new folder needs its line in the table above, whether it imports, is imported, or neither.
const unknown = { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(layers).join('|')}|integrations|cli)/` }
const knownFoldersOnly = [
  { from: unknown, to: {} },
  { from: { path: '^src/' }, to: unknown },
  { from: { ...unknown, orphan: true }, to: {} },
].map((sides) => ({ name: 'known-folders-only', severity: 'error', ...sides }))

export default {
  forbidden: [
    ...direction,
    { name: 'no-circle', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    ...knownFoldersOnly,
    {
      name: 'integrations-imported-by-nobody',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(integrations|cli)/' },
      to: { path: '^src/(integrations|cli)/' },
    },
    {
      name: 'simulator-not-published',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^simulator/' },
    },
    {
      name: 'one-composition-root',
      comment: 'Beside the folders there are only the face and the composition root.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(index|create-cache)\\.ts$' },
      to: { path: '^src/[^/]+$', pathNot: '^src/create-cache\\.ts$' },
    },
    {
      name: 'no-run-time-dependency',
      severity: 'error',
      comment:
        'The packages of the command line are part of its bundle. An adapter imports the package that it adapts to.',
      from: { path: '^src/', pathNot: '^src/(cli|integrations)/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        pathNot: clients,
      },
    },
    {
      name: 'clients-in-one-file',
      comment: 'They are optional peers, which are imported by name when a cache on a server is made.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/redis/libraries/load\\.ts$' },
      to: { path: clients },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        couldNotResolve: true,
        pathNot: `${clients}|^(commander|cli-table3|http-cache-semantics|@nestjs/common|rxjs)$`,
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts'], conditionNames: ['import', 'node', 'types'] },
  },
}
