// The tests that Stryker runs against each mutant of the folder that CACHETTE_MUTATED names.
import { defineConfig } from 'vitest/config'
import { LONG } from '../long.ts'
import { SOURCES } from '../support/sources.ts'
import { TESTS } from './folders.ts'

// Tests over a real server skip themselves, because they are too slow for every mutant.
process.env['PATH'] = ''
process.env['CACHETTE_TEST_INSTALL'] = '0'
delete process.env['REDIS_URL']
delete process.env['CACHETTE_TEST_PROGRAM']
delete process.env['CI']

const tests = TESTS[process.env['CACHETTE_MUTATED'] ?? ''] ?? []

export default defineConfig({
  resolve: { alias: [...SOURCES] },
  test: {
    include: tests.map((pattern) => `${pattern}.test.ts`),
    exclude: ['**/node_modules/**', ...LONG],
    // A mutant that hangs costs this time.
    testTimeout: 8_000,
    hookTimeout: 8_000,
    // A worker that keeps its modules is ready for the next file at once. No file of these depends on a fresh one.
    isolate: false,
  },
})
