// The direction of imports (docs/architecture.md): whoever reads one folder needs nothing above it.
// Each folder lists what it may import besides itself; type-only imports count.
const layers = {
  internal: [],
  core: ['internal'],
  serialization: ['internal', 'core'],
  loading: ['internal', 'core'],
  coherence: ['internal', 'core'],
  cache: ['internal', 'core', 'serialization', 'loading', 'coherence'],
  memory: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  redis: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  tiered: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  ratelimit: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  lock: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  memoize: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  scope: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  observe: ['internal', 'core', 'serialization', 'loading', 'coherence', 'cache'],
  testing: [
    'internal',
    'core',
    'serialization',
    'loading',
    'coherence',
    'cache',
    'memory',
    'tiered',
    'ratelimit',
    'lock',
    'memoize',
    'observe',
  ],
}

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
      name: 'one-composition-root',
      comment: 'Beside the folders there are only the face and the composition root.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(index|create-cache)\\.ts$' },
      to: { path: '^src/[^/]+$', pathNot: '^src/create-cache\\.ts$' },
    },
    {
      name: 'no-run-time-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    { name: 'resolvable', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts'], conditionNames: ['import', 'node', 'types'] },
  },
}
