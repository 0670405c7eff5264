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
  resolve: { conditions: ['@cachette/source'] },
  ssr: { resolve: { conditions: ['@cachette/source'] } },
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
