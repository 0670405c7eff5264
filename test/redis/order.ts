// Every pair of methods on one key, un-awaited: the state and the answers must be as if each call had been awaited.
import type { BaseCache } from 'cachette'

type Cache = BaseCache
type Call = (cache: Cache, key: string, tags: readonly string[]) => Promise<unknown>

/** Methods, by name; each changes or reads one key. */
export const METHODS: Readonly<Record<string, Call>> = {
  get: async (cache, key) => cache.get(key),
  getMany: async (cache, key) => [...(await cache.getMany([key, `${key}:other`]))].length,
  has: async (cache, key) => cache.has(key),
  set: async (cache, key, tags) => cache.set(key, { by: 'set' }, { ttl: 100, tags }),
  setMany: async (cache, key, tags) =>
    cache.setMany(
      [
        [key, { by: 'setMany' }],
        [`${key}:other`, { by: 'setMany' }],
      ],
      { ttl: 100, tags },
    ),
  delete: async (cache, key) => cache.delete(key),
  deleteMany: async (cache, key) => cache.deleteMany([key, `${key}:other`]),
  invalidate: async (cache, key) => (await cache.invalidate(key)).l2,
  invalidateTag: async (cache, _, tags) => (await cache.invalidateTag(tags[0] ?? 'none')).l2,
  take: async (cache, key) => cache.take(key),
  expire: async (cache, key) => cache.expire(key, 5),
  increment: async (cache, key) => cache.increment(`${key}:n`),
  deleteByPrefix: async (cache, key) => cache.deleteByPrefix(key),
  getOrSet: async (cache, key, tags) => cache.getOrSet(key, () => ({ by: 'getOrSet' }), { ttl: 100, tags }),
}

/** What a round came to: the answers, and what is there afterwards. */
export interface Outcome {
  readonly answers: readonly unknown[]
  readonly state: unknown
}

async function outcome(
  cache: Cache,
  key: string,
  calls: () => Promise<readonly unknown[]>,
): Promise<Outcome> {
  const answers = await calls()
  const ttl = await cache.ttl(key)
  const state = { value: await cache.get(key), isShort: ttl !== undefined && ttl <= 5 }
  return { answers, state }
}

/** How a pair is played: un-awaited, or in one of the ways with which that is compared. */
type Way = 'unawaited' | 'awaited' | 'second first' | 'second alone'

/** Plays a pair un-awaited and awaited; `undefined` = there is no difference. */
export async function differs(
  cache: Cache,
  [first, second]: readonly [string, string],
  round: string,
  options: { readonly tags: 'plain' | 'known' | 'unknown'; readonly isFilled: boolean },
): Promise<string | undefined> {
  const play = async (way: Way): Promise<Outcome> => {
    const key = `${round}:${way}`
    const tags = options.tags === 'plain' ? [] : [`tag:${key}`]
    // Nobody knows a new tag yet: then a call waits for a read of its generation.
    if (options.tags === 'known') await cache.set(`known:${key}`, 1, { tags })
    if (options.isFilled) await cache.set(key, { by: 'before' }, { ttl: 50 })
    const one = async (): Promise<unknown> => METHODS[first]!(cache, key, tags)
    const two = async (): Promise<unknown> => METHODS[second]!(cache, key, tags)
    return outcome(cache, key, async () => {
      if (way === 'unawaited') return Promise.all([one(), two()])
      if (way === 'awaited') return [await one(), await two()]
      return way === 'second alone' ? [undefined, await two()] : [await two(), await one()].toReversed()
    })
  }
  const found = await play('unawaited')
  const right = await play('awaited')
  const told = `${first}, ${second}, ${options.tags}${options.isFilled ? ', filled' : ''}`
  if (first === 'getOrSet') {
    // Its fill may come last, or be refused.
    const states = [right, await play('second first'), await play('second alone')].map(({ state }) =>
      JSON.stringify(state),
    )
    return states.includes(JSON.stringify(found.state))
      ? undefined
      : `${told}: ${JSON.stringify(found.state)}`
  }
  if (JSON.stringify(found) === JSON.stringify(right)) return undefined
  return `${told}: ${JSON.stringify(found)}, not ${JSON.stringify(right)}`
}
