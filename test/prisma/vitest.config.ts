import { defineConfig } from 'vitest/config'
import { SOURCES } from '../support/sources.ts'

const report = process.env['CI'] ? '.cache/prisma.json' : undefined

export default defineConfig({
  resolve: { alias: [...SOURCES] },
  test: {
    include: ['test/prisma/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
