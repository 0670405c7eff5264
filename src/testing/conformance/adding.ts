import assert from 'node:assert/strict'
import { Gate, handled } from './loading.ts'
import { lasts } from './real-time.ts'
import { HIDING, taggedUsers } from './tags.ts'
import type { CaseDefinition } from './trial.ts'

const IF_ABSENT = { ifAbsent: true } as const

/** `set` with `ifAbsent`. */
export const addingCases: readonly CaseDefinition[] = [
  {
    name: 'adds a value where there is none, and tells why it does not',
    async run({ cache, left }) {
      assert.equal(await cache.set('key', 'first', { ...IF_ABSENT, ttl: '1h' }), true)
      assert.equal(await cache.set('key', 'second', { ...IF_ABSENT, ttl: '2h' }), false)
      assert.deepEqual(await cache.set('key', 'third', { ...IF_ABSENT, result: 'full' }), {
        stored: false,
        reason: 'present',
      })
      assert.equal(await cache.get('key'), 'first')
      left(await cache.ttl('key'), 3_600)
      await cache.delete('key')
      assert.deepEqual(await cache.set('key', 'fourth', { ...IF_ABSENT, result: 'full' }), { stored: true })
      assert.equal(await cache.get('key'), 'fourth')
    },
  },
  {
    name: 'takes null, a counter and a loaded value for present when it adds',
    async run({ cache }) {
      await cache.set('null', null)
      await cache.increment('counter')
      await cache.getOrSet('loaded', () => 'loaded')
      for (const [key, value] of Object.entries({ null: null, counter: 1, loaded: 'loaded' })) {
        assert.equal(await cache.set(key, 'added', IF_ABSENT), false)
        assert.deepEqual(await cache.get(key), value)
      }
    },
  },
  {
    name: 'adds the value of one of many concurrent callers',
    async run({ cache }) {
      const values = Array.from({ length: 20 }, (_, index) => index)
      const added = await Promise.all(values.map((value) => cache.set('key', { value }, IF_ABSENT)))
      assert.equal(added.filter((one) => one).length, 1)
      assert.deepEqual(await cache.get('key'), { value: added.indexOf(true) })
    },
  },
  {
    name: 'adds where the entry has expired',
    async run({ cache, advance }) {
      await cache.set('key', 'old', '1m')
      await advance('59s')
      assert.equal(await cache.set('key', 'early', IF_ABSENT), false)
      await advance('1s')
      assert.equal(await cache.set('key', 'added', IF_ABSENT), true)
      assert.equal(await cache.get('key'), 'added')
    },
    async inRealTime({ cache }) {
      await lasts(
        300,
        () => cache.set('key', 'old', '300ms'),
        () => cache.set('key', 'added', IF_ABSENT),
      )
      assert.equal(await cache.get('key'), 'added')
    },
  },
  {
    name: 'adds where the entry is stale',
    async run({ cache }) {
      for (const make of [
        () => cache.invalidate('key', { keepStale: true }),
        () => cache.invalidateTag('t', { keepStale: true }),
      ]) {
        await cache.set('key', 'old', { ttl: '1h', grace: '1h', tags: ['t'] })
        assert.equal(await cache.set('key', 'early', IF_ABSENT), false)
        await make()
        assert.equal(await cache.get('key', { stale: true }), 'old')
        assert.equal(await cache.set('key', 'added', IF_ABSENT), true)
        assert.equal(await cache.get('key'), 'added')
      }
    },
  },
  ...Object.entries(HIDING).map(([what, hide]): CaseDefinition => ({
    name: `adds in place of an entry that is hidden after ${what}`,
    async run({ cache }) {
      const users = await taggedUsers(cache)
      const tagged = { ...IF_ABSENT, tags: ['admins'] }
      assert.equal(await users.set('key', 'early', tagged), false)
      await hide(cache, users)
      assert.equal(await users.set('key', 'added', tagged), true)
      assert.equal(await users.set('key', 'late', tagged), false)
      assert.equal(await users.get('key'), 'added')
      await hide(cache, users)
      assert.equal(await users.get('key'), undefined)
    },
  })),
  {
    name: 'adds in a namespace where only others have written',
    async run({ cache }) {
      const users = cache.namespace('user')
      // Engines may store each of them in another form.
      for (const value of ['by others', new Date(0), new Map([['by', 'others']]), new Uint8Array(100)]) {
        await cache.set('user:5', value, { grace: '1h' })
        assert.equal(await users.set('5', 'added', IF_ABSENT), true)
        assert.equal(await users.set('5', 'again', IF_ABSENT), false)
        assert.equal(await cache.set('user:5', 'by others', IF_ABSENT), false)
        assert.equal(await users.get('5'), 'added')
      }
    },
  },
  {
    name: 'neither stores nor shares what was loaded before a value was added',
    async run({ cache }) {
      const before = new Gate<string>()
      const early = cache.getOrSet('key', before.load)
      await before.begunBy(early)
      assert.equal(await cache.set('key', 'added', IF_ABSENT), true)
      const late = handled(cache.getOrSet('key', () => 'after'))
      before.open('before')
      assert.equal(await early, 'before')
      assert.equal(await late, 'added')
      assert.equal(await cache.get('key'), 'added')
    },
  },
  {
    name: 'stores what is loaded when nothing is added meanwhile',
    async run({ cache }) {
      await cache.set('key', 'old')
      const loading = new Gate<string>()
      const refreshed = cache.refresh('key', loading.load)
      await loading.begunBy(refreshed)
      assert.equal(await cache.set('key', 'added', IF_ABSENT), false)
      loading.open('refreshed')
      assert.equal(await refreshed, 'refreshed')
      assert.equal(await cache.get('key'), 'refreshed')
    },
  },
  {
    name: 'adds no value that is older than what was invalidated, and none over a present one',
    async run({ cache }) {
      const add = (rowVersion: number) =>
        cache.set('key', rowVersion, { ...IF_ABSENT, rowVersion, result: 'full' })
      await cache.invalidate('key', { rowVersion: 5 })
      assert.deepEqual(await add(4), { stored: false, reason: 'outdated' })
      assert.deepEqual(await add(5), { stored: true })
      assert.deepEqual(await add(6), { stored: false, reason: 'present' })
      assert.equal(await cache.get('key'), 5)
    },
  },
  {
    name: 'keeps the order of calls around an added value',
    async run({ cache }) {
      const answers = await Promise.all([
        cache.set('key', 'added', IF_ABSENT),
        cache.set('key', 'again', IF_ABSENT),
        cache.take('key'),
        cache.set('key', 'anew', IF_ABSENT),
        cache.set('key', 'replaced'),
        cache.set('key', 'late', IF_ABSENT),
        cache.delete('key'),
        cache.set('key', 'last', IF_ABSENT),
      ])
      assert.deepEqual(answers, [true, false, 'added', true, true, false, true, true])
      assert.equal(await cache.get('key'), 'last')
    },
  },
  {
    name: 'removes nothing when a value that is to be added can not be kept',
    async run({ cache }) {
      await cache.set('key', 'old')
      await assert.rejects(
        cache.set('key', () => 'a function', IF_ABSENT),
        { code: 'ERR_CACHE_SERIALIZATION' },
      )
      const past = { ...IF_ABSENT, ttl: new Date(0), result: 'full' } as const
      for (const key of ['key', 'other'])
        assert.deepEqual(await cache.set(key, 'new', past), { stored: false, reason: 'refused' })
      assert.equal(await cache.get('key'), 'old')
      assert.equal(await cache.has('other'), false)
    },
  },
  {
    name: 'refuses to add several values at once',
    async run({ cache }) {
      const calls: readonly unknown[][] = [[{ a: 1 }, IF_ABSENT], [[['a', 1, IF_ABSENT]]]]
      for (const args of calls)
        await assert.rejects(Reflect.apply(cache.setMany, cache, args), { code: 'ERR_CACHE_OPTIONS' })
      await assert.rejects(Reflect.apply(cache.getOrSet, cache, ['a', () => 1, IF_ABSENT]), {
        code: 'ERR_CACHE_OPTIONS',
      })
      assert.equal(await cache.has('a'), false)
    },
  },
]
