import { silentLogger } from '../../core/logger.ts'
import { FakeClock } from '../fake-clock.ts'
import { counterCases } from './counters.ts'
import { entryCases } from './entries.ts'
import { expiryCases } from './expiry.ts'
import { isolationCases } from './isolation.ts'
import { keyspaceCases } from './keyspace.ts'
import { loadingCases } from './loading.ts'
import { tagCases } from './tags.ts'
import type { CaseDefinition, ConformanceCase, ConformanceTarget } from './trial.ts'

const DEFINITIONS: readonly CaseDefinition[] = [
  ...entryCases,
  ...expiryCases,
  ...counterCases,
  ...loadingCases,
  ...keyspaceCases,
  ...isolationCases,
  ...tagCases,
]

/**
 * The contract as cases to be run by any test runner:
 *
 * ```ts no-check
 * for (const { name, run } of conformanceCases({ create: (options) => new MyCache(options) })) test(name, run)
 * ```
 */
export function conformanceCases(target: ConformanceTarget): readonly ConformanceCase[] {
  return DEFINITIONS.map(({ name, run }) => ({
    name,
    async run() {
      const clock = new FakeClock()
      const cache = await target.create({ clock, logger: silentLogger, onError: 'throw' })
      try {
        await run({ cache, advance: (duration) => clock.advance(duration) })
      } finally {
        await cache.close()
      }
    },
  }))
}
