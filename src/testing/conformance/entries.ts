import assert from 'node:assert/strict'
import type { CaseDefinition } from './trial.ts'

/** Reading, writing and removing entries, one and many. */
export const entryCases: readonly CaseDefinition[] = [
  {
    name: 'misses what was never set',
    async run({ cache }) {
      assert.equal(await cache.get('absent'), undefined)
      assert.equal(await cache.has('absent'), false)
      assert.equal(await cache.delete('absent'), false)
      assert.equal(await cache.take('absent'), undefined)
      assert.deepEqual(await cache.getMany(['absent', 'too']), new Map())
    },
  },
  {
    name: 'gives back every plain kind of value, falsy ones included',
    async run({ cache }) {
      const values = ['', 'text', 0, -1.5, true, false, null, [], [1, [2]], {}, { a: { b: 'c' } }]
      for (const [index, value] of values.entries())
        assert.equal(await cache.set(`value:${index}`, value), true)
      for (const [index, value] of values.entries()) {
        assert.deepEqual(await cache.get(`value:${index}`), value)
        assert.equal(await cache.has(`value:${index}`), true)
      }
    },
  },
  {
    name: 'gives back dates, maps, sets, bigints and bytes as what they were',
    async run({ cache }) {
      const value = { at: new Date(5), map: new Map([['a', new Set([1n])]]), bytes: new Uint8Array([1, 2]) }
      await cache.set('rich', value)
      assert.deepEqual(await cache.get('rich'), value)
    },
  },
  {
    name: 'replaces a value and its ttl',
    async run({ cache }) {
      await cache.set('key', 'old', 10)
      await cache.set('key', 'new')
      assert.equal(await cache.get('key'), 'new')
      assert.equal(await cache.ttl('key'), Infinity)
    },
  },
  {
    name: 'removes the old entry when the new value can not be kept',
    async run({ cache }) {
      await cache.set('key', 'old')
      await assert.rejects(
        cache.set('key', () => 'a function'),
        { code: 'ERR_CACHE_SERIALIZATION' },
      )
      await cache.delete('key')
      await assert.rejects(cache.set('key', undefined), { code: 'ERR_CACHE_SERIALIZATION' })
      assert.equal(await cache.get('key'), undefined)
    },
  },
  {
    name: 'sets and gets many at once, in the order asked for',
    async run({ cache, left }) {
      assert.equal(await cache.setMany({ a: 1, b: 2 }), true)
      assert.equal(await cache.setMany(new Map([['c', 3]])), true)
      assert.equal(
        await cache.setMany([
          ['d', 4, '1m'],
          ['d', 5, { ttl: '2m' }],
        ] as const),
        true,
      )
      assert.deepEqual(
        [...(await cache.getMany(['d', 'x', 'a', 'c', 'a']))],
        [
          ['d', 5],
          ['a', 1],
          ['c', 3],
        ],
      )
      left(await cache.ttl('d'), 120)
      assert.equal(await cache.deleteMany(['a', 'b', 'x']), 2)
      assert.deepEqual(await cache.getMany(['a', 'b']), new Map())
    },
  },
  {
    name: 'takes a value once',
    async run({ cache }) {
      await cache.set('once', { n: 1 })
      const taken = await Promise.all([cache.take('once'), cache.take('once'), cache.take('once')])
      assert.deepEqual(
        taken.filter((value) => value !== undefined),
        [{ n: 1 }],
      )
      assert.equal(await cache.has('once'), false)
    },
  },
  {
    name: 'keeps keys apart that look alike',
    async run({ cache }) {
      const keys = [
        'a',
        'A',
        'a ',
        ' a',
        'a:',
        'a*',
        'a?',
        '[a]',
        'a\\',
        'ä',
        'a\u0308',
        '__proto__',
        'constructor',
        '\u0000',
        '😀',
      ]
      for (const key of keys) await cache.set(key, key)
      for (const key of keys) assert.equal(await cache.get(key), key)
      assert.equal((await cache.getMany(keys)).size, keys.length)
    },
  },
]
