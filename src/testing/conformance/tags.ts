import assert from 'node:assert/strict'
import type { BaseCache } from '../../cache/base-cache.ts'
import { Gate, handled } from './loading.ts'
import type { CaseDefinition } from './trial.ts'

/** Changes that make entries with a tag, or in a namespace, invisible. Each applies to the key `key` of `users`. */
export const HIDING: Readonly<Record<string, (cache: BaseCache, users: BaseCache) => Promise<unknown>>> = {
  'its tag is invalidated': (cache) => cache.invalidateTag('users'),
  'one of its tags is invalidated, among others': (cache) => cache.invalidateTag(['other', 'admins']),
  'its namespace is cleared': (_, users) => users.clear(),
  'the namespace around it is cleared': (cache) => cache.namespace('user').clear(),
}

/** Returns a namespace with the entry `key` that each of them hides. */
export async function taggedUsers(cache: BaseCache): Promise<BaseCache> {
  const users = cache.namespace('user').namespace('list', { tags: ['users'] })
  await users.set('key', 'old', { tags: ['admins'] })
  return users
}

const hidingCases = Object.entries(HIDING).flatMap(([what, hide]): readonly CaseDefinition[] => [
  {
    name: `shows nowhere what it holds after ${what}`,
    async run({ cache }) {
      const users = await taggedUsers(cache)
      await cache.set('kept', 1, { tags: ['kept'] })
      await cache.set('plain', 2)
      await hide(cache, users)
      for (const [view, key] of [
        [users, 'key'],
        [cache, 'user:list:key'],
      ] as const) {
        assert.equal(await view.get(key), undefined)
        assert.deepEqual(await view.getMany([key]), new Map())
        assert.equal(await view.has(key), false)
        assert.equal(await view.ttl(key), undefined)
      }
      assert.deepEqual(await keysOf(users), [])
      assert.deepEqual(await keysOf(cache), ['kept', 'plain'])
      assert.deepEqual(
        await cache.getMany(['kept', 'plain']),
        new Map([
          ['kept', 1],
          ['plain', 2],
        ]),
      )
    },
  },
  {
    name: `neither takes nor prolongs nor deletes what it does not show after ${what}`,
    async run({ cache }) {
      for (const refuse of [
        async (users: BaseCache) => assert.equal(await users.take('key'), undefined),
        async (users: BaseCache) => assert.equal(await users.expire('key', '1h'), false),
        async (users: BaseCache) => assert.equal(await users.delete('key'), false),
      ]) {
        const users = await taggedUsers(cache)
        await hide(cache, users)
        await refuse(users)
        assert.equal(await users.has('key'), false)
      }
    },
  },
  {
    name: `starts a counter anew after ${what}`,
    async run({ cache, advance, isRealTime, left }) {
      const users = cache.namespace('user').namespace('list', { tags: ['users'] })
      const count = () => users.increment('key', 1, { ttl: '1m', tags: ['admins'] })
      await count()
      if (!isRealTime) await advance('40s')
      assert.equal(await count(), 2)
      left(await users.ttl('key'), isRealTime ? 60 : 20)
      await hide(cache, users)
      assert.equal(await count(), 1)
      left(await users.ttl('key'), 60)
      await hide(cache, users)
      assert.equal(await users.get('key'), undefined)
    },
  },
  {
    name: `neither stores visibly nor shares what was loaded before ${what}`,
    async run({ cache, advance, isRealTime }) {
      const users = cache.namespace('user').namespace('list', { tags: ['users'] })
      for (const load of [one, many]) {
        const before = new Gate<string>()
        const early = load(users, before.load)
        await before.begunBy(early)
        await hide(cache, users)
        let calls = 0
        const after = () => (calls++, 'after')
        const late = handled(Promise.all([load(users, after), load(users, after)]))
        before.open('before')
        assert.equal(await early, 'before')
        // In a store that voids no lease, they wait for the lease to end.
        if (!isRealTime) await advance('1m')
        assert.deepEqual(await late, ['after', 'after'])
        assert.equal(calls, 1)
        assert.equal(await users.get('key'), 'after')
        await users.delete('key')
      }
    },
  },
])

/** Tags, invalidation and namespaces that are cleared at once. */
export const tagCases: readonly CaseDefinition[] = [
  ...hidingCases,
  {
    name: 'invalidates any number of tags in one call',
    async run({ cache }) {
      const tags = Array.from({ length: 1200 }, (_, index) => `user:${index}`)
      await cache.set('first', 1, { ttl: '1h', tags: ['user:0'] })
      await cache.set('last', 1, { ttl: '1h', tags: ['user:1199'] })
      await cache.set('other', 1, { ttl: '1h', tags: ['user:1200'] })
      await cache.invalidateTag(tags)
      assert.deepEqual(await keysOf(cache), ['other'])
    },
  },
  {
    name: 'counts what it shows when it deletes by prefix',
    async run({ cache, countsHidden }) {
      const users = await taggedUsers(cache)
      await users.set('other', 1)
      await cache.invalidateTag('admins')
      assert.equal(await cache.deleteByPrefix('user'), countsHidden ? 2 : 1)
      assert.deepEqual(await keysOf(cache), [])
    },
  },
  {
    name: 'tags what is set and loaded, one and many, by options and by defaults',
    async run({ cache }) {
      const tagged = { ttl: '1h', tags: ['t'] } as const
      const view = cache.namespace('n', { tags: ['t'] })
      const write = async (): Promise<void> => {
        await cache.set('set', 1, tagged)
        await cache.setMany({ all: 1 }, tagged)
        await cache.setMany([['own', 1, tagged]])
        await cache.getOrSet('load', () => 1, tagged)
        await cache.getOrSetMany(['loads'], () => ({ loads: 1 }), tagged)
        await view.set('default', 1)
        await view.namespace('inner', { tags: ['u'] }).getOrSet('default', () => 1)
      }
      const everything = ['all', 'load', 'loads', 'n:default', 'n:inner:default', 'own', 'set']
      await write()
      assert.deepEqual(await keysOf(cache), everything)
      await cache.invalidateTag('u')
      assert.deepEqual(
        await keysOf(cache),
        everything.filter((key) => key !== 'n:inner:default'),
      )
      await view.invalidateTag('t')
      assert.deepEqual(await keysOf(cache), [])
      await write()
      assert.deepEqual(await keysOf(cache), everything)
    },
  },
  {
    name: 'replaces the tags with the value, and keeps them with a new ttl and a higher count',
    async run({ cache }) {
      await cache.set('key', 1, { tags: ['old'] })
      await cache.set('key', 2, { tags: ['new'] })
      await cache.invalidateTag('old')
      assert.equal(await cache.get('key'), 2)
      await cache.expire('key', '1h')
      await cache.increment('key', 1, { tags: ['ignored'] })
      await cache.invalidateTag('ignored')
      assert.equal(await cache.get('key'), 3)
      await cache.invalidateTag('new')
      assert.equal(await cache.get('key'), undefined)
      await cache.set('key', 4)
      await cache.invalidateTag(['old', 'new'])
      assert.equal(await cache.get('key'), 4)
    },
  },
  {
    name: 'shows what is set after an invalidation, and nothing of what began before',
    async run({ cache }) {
      const tagged = { tags: ['t'] }
      const before = cache.set('before', 1, tagged)
      const invalidated = cache.invalidateTag('t')
      await Promise.all([before, invalidated])
      await cache.set('after', 1, tagged)
      assert.deepEqual(await keysOf(cache), ['after'])
    },
  },
  {
    name: 'invalidates keys, and tells truthfully where',
    async run({ cache }) {
      await cache.setMany({ a: 1, b: 2, c: 3 })
      for (const done of [
        await cache.invalidate('a'),
        await cache.invalidate(['b', 'absent']),
        await cache.invalidateTag('t'),
        await cache.invalidateTag([]),
      ]) {
        assert.equal(done.l1, 'acked')
        assert.ok(['none', 'acked'].includes(done.l2), done.l2)
        assert.equal(typeof done.token, 'string')
      }
      assert.deepEqual(await keysOf(cache), ['c'])
    },
  },
  {
    name: 'sees in a namespace only what was written in it',
    async run({ cache }) {
      await cache.set('user:5', 'by others')
      const users = cache.namespace('user')
      assert.equal(await users.get('5'), undefined)
      assert.equal(await users.has('5'), false)
      assert.deepEqual(await keysOf(users), [])
      assert.equal(await users.getOrSet('5', () => 'loaded'), 'loaded')
      assert.equal(await cache.get('user:5'), 'loaded')
    },
  },
  {
    name: 'sees in a physical namespace what others wrote, and clears it key by key',
    async run({ cache }) {
      await cache.set('shop:5', 'by others')
      await cache.set('user:5', 'of others')
      const shop = cache.namespace('shop', { mode: 'physical' })
      assert.equal(await shop.get('5'), 'by others')
      assert.equal(await shop.namespace('inner').set('6', 1), true)
      assert.deepEqual(await keysOf(shop), ['5', 'inner:6'])
      assert.equal(await shop.clear(), true)
      assert.deepEqual(await keysOf(cache), ['user:5'])
    },
  },
  {
    name: 'takes a namespace for the same in however many steps it was made',
    async run({ cache }) {
      const steps = cache.namespace('a').namespace('b', { keyVersion: 1 })
      const leap = cache.namespace('a:b:v1')
      await steps.set('1', 1)
      await leap.set('2', 2)
      assert.deepEqual(await keysOf(leap), ['1', '2'])
      assert.deepEqual(await keysOf(cache.namespace('a')), ['b:v1:1', 'b:v1:2'])
      await cache.namespace('a').namespace('b', { keyVersion: 2 }).clear()
      await cache.namespace('a:c').clear()
      assert.deepEqual(await keysOf(steps), ['1', '2'])
      await cache.namespace('a:b').clear()
      assert.deepEqual(await keysOf(steps), [])
    },
  },
]

function one(cache: BaseCache, loader: () => string | Promise<string>): Promise<unknown> {
  return cache.getOrSet('key', loader, { tags: ['admins'] })
}

async function many(cache: BaseCache, loader: () => string | Promise<string>): Promise<unknown> {
  const values = await cache.getOrSetMany(['key'], async () => ({ key: await loader() }), {
    tags: ['admins'],
  })
  return values.get('key')
}

async function keysOf(cache: BaseCache): Promise<string[]> {
  const keys: string[] = []
  for await (const key of cache.keys()) keys.push(key)
  return keys.sort()
}
