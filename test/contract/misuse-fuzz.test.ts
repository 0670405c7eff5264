import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { MemoryCache, type Logger } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { FakeClock } from 'cachette/testing'
import { InstantFleet } from '../../simulator/world/instant-fleet.ts'
import { cacheOver, ENGINES } from '../real/caches.ts'
import { CLIENT_NAMES, nativeClient } from '../real/native-clients.ts'
import { describeWithServers, startRedis } from '../real/servers/index.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'
import { RecordingLogger } from '../support/recording-logger.ts'
import { until } from '../support/until.ts'
import { CACHE_CALLS, type Subject } from './misuse/cache-calls.ts'
import { faultsOf } from './misuse/fuzz.ts'
import { OTHER_CALLS } from './misuse/other-calls.ts'
import { serverCalls } from './misuse/server-calls.ts'
import { PASSWORD } from './misuse/wrong-values.ts'

// Wrong arguments in every position of every public function: an error of this library that names the argument, or a
// documented answer; never the password that was among them, never a hang, never an unhandled rejection.

const RUNS = Number(process.env['CACHETTE_MISUSE_RUNS'] ?? 10_000)
const SEED = 20_261_129

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => void process.off('unhandledRejection', note))

function linesWithSecrets(logger: RecordingLogger): readonly unknown[] {
  return logger.lines.filter((line) => inspect(line, { depth: 6 }).includes(PASSWORD))
}

function inProcess(make: (logger: Logger) => Subject['cache'], logger: Logger): Subject {
  const clock = new FakeClock()
  return { cache: make(logger), l2: new InstantFleet(clock).sharedCache({ clock, logger }) }
}

describe('misuse in a process', () => {
  it.each([
    ['a MemoryCache', CACHE_CALLS, (logger: Logger) => new MemoryCache({ logger }), RUNS],
    [
      'an engine of one\u2019s own',
      CACHE_CALLS,
      (logger: Logger) => new OwnCache(mapPrimitives(), { logger }),
      RUNS / 4,
    ],
    ['all that is no cache', OTHER_CALLS, (logger: Logger) => new MemoryCache({ logger }), RUNS],
  ] as const)('is refused by name, %s', { timeout: 600_000 }, async (_, calls, make, runs) => {
    const logger = new RecordingLogger()
    expect(await faultsOf(inProcess(make, logger), calls, runs, SEED)).toEqual([])
    expect(unhandled).toEqual([])
    expect(linesWithSecrets(logger)).toEqual([])
  })
})

describeWithServers('misuse over a server', () => {
  it.each(ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const)))(
    'is refused by name, %s over %s',
    { timeout: 600_000 },
    async (engine, client) => {
      const server = await startRedis()
      onTestFinished(() => server.close())
      const native = nativeClient(client, server.url)
      onTestFinished(() => native.close())
      const logger = new RecordingLogger()
      const options = { logger, deadline: { hard: 20 } }
      const cache = cacheOver(engine, native.client, { prefix: 'app:', ...options })
      const l2 = new RedisCache({ client: native.client, prefix: 'other:', ttl: '1h', ...options })
      await until('the cache to be connected', async () => cache.set('before', 'kept'))
      const calls = { ...CACHE_CALLS, ...serverCalls(native.client) }
      expect(await faultsOf({ cache, l2 }, calls, RUNS / 8, SEED)).toEqual([])
      // The cache works as before.
      expect(await cache.set('after', 'kept')).toBe(true)
      expect(await cache.get('after')).toBe('kept')
      await cache.close()
      await l2.close()
      expect(unhandled).toEqual([])
      expect(linesWithSecrets(logger)).toEqual([])
    },
  )
})
