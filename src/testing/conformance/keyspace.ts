import assert from 'node:assert/strict'
import type { BaseCache } from '../../cache/base-cache.ts'
import { lasts } from './real-time.ts'
import type { CaseDefinition } from './trial.ts'

/** Prefixes, namespaces, listing and clearing. */
export const keyspaceCases: readonly CaseDefinition[] = [
  {
    name: 'lists and deletes by a literal prefix',
    async run({ cache }) {
      await cache.setMany({ 'user:1': 1, 'user:2': 2, 'user*': 3, users: 4, 'order:1': 5 })
      assert.deepEqual(await keysOf(cache, 'user:'), ['user:1', 'user:2'])
      assert.deepEqual(await keysOf(cache, 'user*'), ['user*'])
      assert.equal(await cache.deleteByPrefix('user*'), 1)
      assert.equal(await cache.deleteByPrefix('user:'), 2)
      assert.equal(await cache.deleteByPrefix('nothing'), 0)
      assert.deepEqual(await keysOf(cache), ['order:1', 'users'])
    },
  },
  {
    name: 'does not list what has expired',
    async run({ cache, advance }) {
      await cache.setMany({ short: 1, long: 2 }, '1m')
      await cache.expire('short', '1s')
      await advance('2s')
      assert.deepEqual(await keysOf(cache), ['long'])
    },
    async inRealTime({ cache }) {
      await cache.setMany({ short: 1, long: 2 }, '1m')
      await lasts(
        200,
        () => cache.expire('short', '200ms'),
        async () => {
          const keys = await keysOf(cache)
          return !keys.includes('short')
        },
      )
      assert.deepEqual(await keysOf(cache), ['long'])
    },
  },
  {
    name: 'keeps a namespace under its prefix and version',
    async run({ cache }) {
      const users = cache.namespace('user', { keyVersion: 2 })
      await users.set('5', 'five')
      assert.equal(await cache.get('user:v2:5'), 'five')
      assert.equal(await cache.namespace('user').get('v2:5'), 'five')
      assert.equal(await cache.namespace('user', { keyVersion: 3 }).get('5'), undefined)
      assert.deepEqual(await keysOf(users), ['5'])
      assert.equal(await cache.namespace('a').namespace('b').set('c', 1), true)
      assert.equal(await cache.get('a:b:c'), 1)
    },
  },
  {
    name: 'clears a namespace and nothing else, and the cache with all namespaces',
    async run({ cache }) {
      const users = cache.namespace('user')
      await cache.set('kept', 1)
      await users.setMany({ a: 1, b: 2 })
      assert.equal(await users.clear(), true)
      assert.deepEqual(await keysOf(cache), ['kept'])
      await users.set('c', 3)
      assert.equal(await cache.clear(), true)
      assert.deepEqual(await keysOf(cache), [])
    },
  },
  {
    name: 'takes calls of a key in their order, awaited or not',
    async run({ cache, left }) {
      const after = async (
        change: () => Promise<unknown>,
        read: () => Promise<unknown>,
      ): Promise<unknown> => {
        await cache.set('key', 1)
        const changing = change()
        const answer = await read()
        await changing
        return answer
      }
      const get = (): Promise<unknown> => cache.get('key')
      assert.equal(await after(() => cache.set('key', 2), get), 2)
      assert.equal(await after(() => cache.increment('key'), get), 2)
      assert.equal(await after(() => cache.delete('key'), get), undefined)
      assert.equal(await after(() => cache.invalidate('key'), get), undefined)
      assert.equal(await after(() => cache.deleteByPrefix('k'), get), undefined)
      const ttl = (): Promise<number | undefined> => cache.ttl('key')
      left((await after(() => cache.expire('key', '1h'), ttl)) as number, 3600)
      const has = (): Promise<boolean> => cache.has('key')
      assert.equal(await after(() => cache.take('key'), has), false)
      const many = async (): Promise<number> => (await cache.getMany(['key'])).size
      assert.equal(await after(() => cache.deleteMany(['key']), many), 0)
      assert.deepEqual(
        await after(
          () => cache.delete('key'),
          () => keysOf(cache),
        ),
        [],
      )
      const load = (): Promise<unknown> => cache.getOrSet('key', () => 3)
      assert.equal(await after(() => cache.clear(), load), 3)
      assert.equal(await cache.get('key'), 3)
      assert.equal(
        await after(
          () => cache.clear(),
          () => cache.increment('key'),
        ),
        1,
      )
      assert.equal(
        await after(
          () => cache.clear(),
          () => cache.set('key', 4),
        ),
        true,
      )
      assert.equal(await cache.get('key'), 4)
    },
  },
  {
    name: 'gives entries of a namespace its ttl, else that of the cache',
    async run({ cache, left }) {
      const brief = cache.namespace('brief', { ttl: '5s' })
      await brief.set('key', 1)
      left(await brief.ttl('key'), 5)
      await brief.namespace('inner').set('key', 1)
      left(await brief.namespace('inner').ttl('key'), 5)
      await brief.set('key', 1, '1h')
      left(await brief.ttl('key'), 3600)
    },
  },
  {
    name: 'goes on when a namespace is closed, and refuses calls when the cache is',
    async run({ cache }) {
      const users = cache.namespace('user')
      await users.close()
      assert.equal(await users.set('1', 1), true)
      await cache.close()
      await assert.rejects(users.get('1'), { code: 'ERR_CACHE_CLOSED' })
      await assert.rejects(cache.set('1', 1), { code: 'ERR_CACHE_CLOSED' })
      await cache.close()
    },
  },
]

async function keysOf(cache: BaseCache, prefix?: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of cache.keys(prefix === undefined ? {} : { prefix })) keys.push(key)
  return keys.sort()
}
