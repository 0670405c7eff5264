import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { LONG, SEEDED, SLOWEST } from './test/long.ts'
import { SOURCES } from './test/support/sources.ts'

// Every part of the pipeline has a report of its own.
const report = process.env['CACHETTE_TEST_REPORT'] ?? (process.env['CI'] ? '.cache/test.json' : undefined)

// `npm test` leaves out what takes long; with files named, all of them run.
const isNamed = process.argv.slice(2).some((arg) => arg.startsWith('test/'))
const part = isNamed ? 'all' : (process.env['CACHETTE_TESTS'] ?? 'quick')
const include = part === 'long' ? [...LONG, ...SEEDED] : ['test/**/*.test.ts']
const left = part === 'quick' ? LONG : []

/** Begins with the files that take longest. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = SLOWEST.findIndex((name) => moduleId.endsWith(name))
      return place < 0 ? SLOWEST.length : place
    }
    const others = await super.sort(files)
    return others.toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}

// Files share the modules of a worker, because to load them for each takes a third of the time. Those of these folders
// look at the sockets of their process, at the lines of all of its caches, or at the bytes that V8 writes.
const ISOLATED = ['test/demo/', 'test/docs/', 'test/real/clients/']
const ofIsolated = ISOLATED.map((folder) => `${folder}**/*.test.ts`)
const isIsolated = (file: string): boolean => ISOLATED.some((folder) => file.startsWith(folder))
const elsewhere = ['**/node_modules/**', 'test/package/**', 'test/integrations/**', 'test/prisma/**', ...left]

export default defineConfig({
  // The name of the package means its source, as in tsconfig.json.
  resolve: { alias: [...SOURCES] },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // On two cores the default is one. Most tests wait for a server or for a clock, those that take long above all.
    maxWorkers: part === 'long' ? 3 : 2,
    sequence: { sequencer: SlowestFirst },
    // The counts of .ci/run come from the report.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    // They need packages of their own: `npm run test:package`, `npm run test:integrations`, `npm run test:prisma`.
    projects: [
      {
        extends: true,
        test: { name: 'shared', isolate: false, include, exclude: [...elsewhere, ...ofIsolated] },
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: part === 'long' ? include.filter(isIsolated) : ofIsolated,
          exclude: elsewhere,
        },
      },
    ],
  },
})
