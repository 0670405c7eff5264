import { createCache, silentLogger, type BaseCache } from '../../../src/index.ts'
import { startHosted, startRedis } from '../../../test/real/servers/index.ts'
import type { Bar, Scene } from '../scene.ts'

const COMMANDS = ['GET', 'MGET', 'EVALSHA', 'DEL', 'SET', 'UNLINK', 'SCAN'] as const
const KEYS = Array.from({ length: 100 }, (_, id) => `user:${id}`)

const CALLS: Readonly<Record<string, (cache: BaseCache) => Promise<unknown>>> = {
  'get, kept in memory': async (cache) => cache.get('kept'),
  get: async (cache) => cache.get('user:1'),
  'getMany of 100 keys': async (cache) => cache.getMany(KEYS),
  set: async (cache) => cache.set('one', 1, '1h'),
  '100 sets in one turn': async (cache) => Promise.all(KEYS.map(async (key) => cache.set(key, key, '1h'))),
  'getOrSet that loads': async (cache) => cache.getOrSet('rates', () => ({ EUR: 1.1 }), '1h'),
  'delete of 100 keys': async (cache) => cache.deleteMany(KEYS),
  'invalidateTag of 100 keys': async (cache) => cache.invalidateTag('users'),
}

function mostFrequent(rounds: readonly (readonly number[])[]): readonly number[] {
  const times = (of: readonly number[]): number => rounds.filter((one) => String(one) === String(of)).length
  return rounds.toSorted((one, other) => times(other) - times(one))[0]!
}

/** The commands that each call of a cache in two tiers sends to a real server. */
export async function redis(): Promise<Scene> {
  await using server = await startRedis()
  const proxy = await startHosted(server, {})
  const open = async (prefix: string): Promise<BaseCache> =>
    createCache({ redis: proxy.url, prefix, ttl: '1h', connect: 'required', logger: silentLogger })
  const bars: Bar[] = []
  for (const [index, [lane, call]] of Object.entries(CALLS).entries()) {
    const writer = await open(`${index}:`)
    const cache = await open(`${index}:`)
    await writer.setMany(KEYS.map((key) => [key, key, { tags: ['users'] }] as const))
    await cache.set('kept', 'value')
    // Heartbeats send commands beside a call, so what most of some rounds have counts.
    const rounds: (readonly number[])[] = []
    for (let round = 0; round < 9; round++) {
      await writer.setMany(KEYS.map((key) => [key, key, { tags: ['users'] }] as const))
      await cache.delete('rates')
      const before = COMMANDS.map((name) => proxy.sent(name))
      await call(cache)
      rounds.push(COMMANDS.map((name, at) => proxy.sent(name) - before[at]!))
    }
    let from = 0
    for (const [at, count] of mostFrequent(rounds).entries()) {
      if (count === 0) continue
      const what = COMMANDS[at] === 'EVALSHA' ? 'script' : COMMANDS[at]!
      bars.push({
        lane,
        from,
        to: from + count,
        colour: 'work',
        label: count === 1 ? what : `${count} × ${what}`,
      })
      from += count
    }
    if (from === 0) bars.push({ lane, from: 0, to: 0, colour: 'fresh', label: 'none' })
    await cache.close()
    await writer.close()
  }
  await proxy.close()
  return {
    title: 'Commands that a call sends to the server, in two tiers',
    lanes: Object.keys(CALLS),
    end: 4,
    tick: 1,
    unit: String,
    bars,
    marks: [],
  }
}
