import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SOURCES } from '../support/sources.ts'

const report =
  process.env['CACHETTE_TEST_REPORT'] ?? (process.env['CI'] ? '.cache/integrations.json' : undefined)

// The folder of another release of Nest, for `npm run test:nest`.
const nest = process.env['CACHETTE_TEST_NEST'] ?? import.meta.dirname
// The folder of packages that need a newer Node.js, for `npm run test:newer-adapters`.
const newer = process.env['CACHETTE_TEST_NEWER']
const NEWER =
  newer === undefined ? [] : [{ find: /^undici$/, replacement: join(newer, 'node_modules/undici') }]

export default defineConfig({
  resolve: {
    alias: [
      ...SOURCES,
      ...NEWER,
      // Adapters find the packages that they adapt to here, so that a process has each of them once.
      { find: /^(@nestjs\/.+|rxjs)$/, replacement: join(nest, 'node_modules/$1') },
    ],
  },
  test: {
    include: ['test/integrations/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      ...(newer === undefined ? ['test/integrations/astro/astro.test.ts'] : []),
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
