import { defineConfig } from 'vitest/config'

const report = process.env['CACHETTE_TEST_NODE'] === 'newer' ? '.cache/newer-node.json' : '.cache/test.json'

export default defineConfig({
  resolve: { conditions: ['@cachette/source'] },
  ssr: { resolve: { conditions: ['@cachette/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    // Too slow for every run, and it needs the network once: `npm run test:package`.
    exclude: ['**/node_modules/**', 'test/package/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // On two cores the default is one; most tests wait for a server or for a clock.
    maxWorkers: 2,
    // The counts of .ci/run come from the report.
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
