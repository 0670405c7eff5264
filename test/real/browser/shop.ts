import { MemoryCache, type BaseCache } from 'cachette'
import { createAuditor, type Auditor } from 'cachette/audit'
import { FakeClock } from 'cachette/testing'
import { SeededRandom } from '../../../src/testing/random.ts'

/** A cache with traffic like that of a small shop, by a clock of its own, so that each run shows the same. */
export interface Shop {
  readonly cache: BaseCache
  readonly clock: FakeClock
  readonly auditor: Auditor
  /** Plays some seconds of visits. */
  play(seconds: number): Promise<void>
  close(): Promise<void>
}

/** Opens the shop. */
export function openShop(): Shop {
  const clock = new FakeClock()
  const random = new SeededRandom(7).next
  const cache = new MemoryCache({ name: 'shop', clock, ttl: '10m', maxEntries: 400 })
  const auditor = createAuditor(cache, { rate: 2 })
  let played = 0
  const popular = (among: number): number => Math.floor(among * random() ** 4)
  const load =
    (ms: number): (() => Promise<object>) =>
    async () =>
      new Promise((resolve) => {
        clock.set(() => resolve({ loaded: true, ms }), ms * (0.5 + random()))
      })
  const visit = async (): Promise<void> => {
    const user = popular(500)
    await cache.getOrSet(`user:${user}`, load(12), { tags: ['users'] })
    await cache.getOrSet(`product:${popular(3_000)}`, load(30), { tags: ['products'] })
    await cache.getOrSet(`product:list:${JSON.stringify({ page: popular(40) })}`, load(120), {
      ttl: '1m',
      grace: '5m',
      tags: ['products'],
    })
    if (random() < 0.02) await cache.invalidate(`user:${user}`)
  }
  const crowd = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 40 }, async () => cache.getOrSet('product:sale', load(80), '30s')))
  }
  return {
    cache,
    clock,
    auditor,
    async play(seconds) {
      for (let index = 0; index < seconds; index++) {
        const second = played++
        const all = Array.from({ length: 15 }, async () => visit())
        if (second % 15 === 0) all.push(crowd())
        if (second % 40 === 39) await cache.invalidateTag('products')
        if (second % 50 === 20) await cache.getOrSet('stock:7', failing).catch(() => undefined)
        await clock.advance('1s')
        await Promise.all(all)
      }
    },
    close: async () => cache.close(),
  }
}

function failing(): never {
  throw new RangeError('the warehouse does not answer')
}
