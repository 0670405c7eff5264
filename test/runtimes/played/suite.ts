// Plays the conformance suite on any runtime: `suite ENGINE LIBRARY URL`. Prints the outcome as one line of JSON, and
// ends by itself.
import { MemoryCache, TieredCache, type BaseCache, type CacheOptions } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { conformanceCases, type ConformanceCase } from 'cachette/testing'

/** The outcome of the suite. */
export interface SuiteOutcome {
  readonly passed: number
  /** Failures, by case. */
  readonly failed: readonly string[]
}

type Client = ConstructorParameters<typeof RedisCache>[0]['client']

interface OpenClient {
  readonly client: Client
  close(): void
}

const AT_ONCE = 8
const [engine = '', library = '', url = ''] = process.argv.slice(2)

async function openClient(): Promise<OpenClient> {
  if (library.startsWith('ioredis')) {
    const { Redis } = await import('ioredis')
    const client = new Redis(url)
    return { client, close: () => client.disconnect() }
  }
  const { createClient } = library.endsWith('5') ? await import('@redis/client') : await import('redis')
  const client = createClient({ url })
  return { client, close: () => client.destroy() }
}

function casesOver(client: Client): readonly ConformanceCase[] {
  let caches = 0
  const create = (options: CacheOptions): BaseCache => {
    caches += 1
    const prefix = `${engine}${process.pid}-${caches}:`
    // A busy machine is no fault of the runtime.
    const l2 = new RedisCache({ ...options, client, prefix, deadline: { hard: '3s' } })
    if (engine === 'redis') return l2
    const cache = new TieredCache({ ...options, l1: {}, l2 })
    const close = cache.close.bind(cache)
    cache.close = async () => {
      await close()
      await l2.close()
    }
    return cache
  }
  return conformanceCases({ time: 'real', countsHidden: true, create })
}

async function play(cases: readonly ConformanceCase[]): Promise<SuiteOutcome> {
  const failed: string[] = []
  const waiting = [...cases]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await next.run()
      } catch (error) {
        failed.push(`${next.name}: ${String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { passed: cases.length - failed.length, failed }
}

async function outcome(): Promise<SuiteOutcome> {
  if (engine === 'memory') return play(conformanceCases({ create: (options) => new MemoryCache(options) }))
  const { client, close } = await openClient()
  try {
    return await play(casesOver(client))
  } finally {
    close()
  }
}

console.log(JSON.stringify(await outcome()))
