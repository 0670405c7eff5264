import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LONG, SEEDED } from './test/long.ts'

// Every part of the pipeline has a report of its own.
const report = process.env['CACHETTE_TEST_REPORT'] ?? (process.env['CI'] ? '.cache/test.json' : undefined)

// `npm test` leaves out what takes long; with files named, all of them run.
const isNamed = process.argv.slice(2).some((arg) => arg.startsWith('test/'))
const part = isNamed ? 'all' : (process.env['CACHETTE_TESTS'] ?? 'quick')
const include = part === 'long' ? [...LONG, ...SEEDED] : ['test/**/*.test.ts']
const left = part === 'quick' ? LONG : []

export default defineConfig({
  // The name of the package means its source, as in tsconfig.json.
  resolve: {
    alias: [
      { find: /^cachette$/, replacement: join(import.meta.dirname, 'src/index.ts') },
      { find: /^cachette\/(.+)$/, replacement: join(import.meta.dirname, 'src/$1/index.ts') },
    ],
  },
  test: {
    include,
    // Too slow for every run, and it needs the network once: `npm run test:package`.
    exclude: ['**/node_modules/**', 'test/package/**', ...left],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // On two cores the default is one; most tests wait for a server or for a clock.
    maxWorkers: 2,
    // The counts of .ci/run come from the report.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
