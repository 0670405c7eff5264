import { checkMethods } from '../../options/checks.ts'
import assert from 'node:assert/strict'
import type { CacheOptions } from '../../options/options.ts'
import { silentLogger } from '../../core/logging/logger.ts'
import { systemClock } from '../../core/time/system.ts'
import { FakeClock } from '../fake-clock.ts'
import { addingCases } from './adding.ts'
import { counterCases } from './counters.ts'
import { entryCases } from './entries.ts'
import { expiryCases } from './expiry.ts'
import { isolationCases } from './isolation.ts'
import { keyspaceCases } from './keyspace.ts'
import { loadingCases } from './loading.ts'
import { assertLeft } from './real-time.ts'
import { resultCases } from './results.ts'
import { tagCases } from './tags.ts'
import type {
  CaseDefinition,
  ConformanceCase,
  ConformanceTarget,
  RealTimeConformanceTarget,
  Trial,
} from './trial.ts'

const DEFINITIONS: readonly CaseDefinition[] = [
  ...entryCases,
  ...addingCases,
  ...resultCases,
  ...expiryCases,
  ...counterCases,
  ...loadingCases,
  ...keyspaceCases,
  ...isolationCases,
  ...tagCases,
]

/**
 * Returns the contract as cases for any test runner:
 *
 * ```ts no-check
 * for (const { name, run } of conformanceCases({ create: (options) => new MyCache(options) })) test(name, run)
 * ```
 *
 * With `time: 'real'` every case is there, too. The part that can't be seen then is its `unseen`. Each case makes its
 * own caches, so cases may run at the same time.
 */
export function conformanceCases(
  target: ConformanceTarget | RealTimeConformanceTarget,
): readonly ConformanceCase[] {
  checkMethods(target, ['create'], 'conformanceCases: target')
  return DEFINITIONS.map((definition) =>
    target.time === 'real' ? inRealTime(definition, target) : inFakeTime(definition, target),
  )
}

const OPTIONS: CacheOptions = { logger: silentLogger, onError: 'throw' }

function inFakeTime({ name, run }: CaseDefinition, target: ConformanceTarget): ConformanceCase {
  return {
    name,
    run: async () => {
      const clock = new FakeClock()
      const cache = await target.create({ ...OPTIONS, clock })
      await closing(run, {
        cache,
        advance: (duration) => clock.advance(duration),
        isRealTime: false,
        countsHidden: target.countsHidden ?? false,
        left: (ttl, seconds) => assert.equal(ttl, seconds),
      })
    },
  }
}

function inRealTime(
  { name, run, inRealTime: runInRealTime = run, unseenInRealTime: unseen }: CaseDefinition,
  target: RealTimeConformanceTarget,
): ConformanceCase {
  return {
    name,
    ...(unseen !== undefined && { unseen }),
    run: async () => {
      const beganAt = systemClock.now()
      await closing(runInRealTime, {
        cache: await target.create(OPTIONS),
        advance: () => Promise.reject(new Error(`${name}: nobody can put the time forward`)),
        isRealTime: true,
        countsHidden: target.countsHidden ?? false,
        left: (ttl, seconds) => assertLeft(ttl, seconds, systemClock.now() - beganAt),
      })
    },
  }
}

async function closing(run: CaseDefinition['run'], trial: Trial): Promise<void> {
  try {
    await run(trial)
  } finally {
    await trial.cache.close()
  }
}
