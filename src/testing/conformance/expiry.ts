import assert from 'node:assert/strict'
import { lasts, pass } from './real-time.ts'
import type { CaseDefinition } from './trial.ts'

/** Time to live. */
export const expiryCases: readonly CaseDefinition[] = [
  {
    name: 'serves an entry until its ttl ends, and not at that moment',
    async run({ cache, advance }) {
      await cache.set('key', 'value', 10)
      await advance('9999ms')
      assert.equal(await cache.get('key'), 'value')
      await advance('1ms')
      assert.equal(await cache.get('key'), undefined)
      assert.equal(await cache.has('key'), false)
      assert.deepEqual(await cache.getMany(['key']), new Map())
    },
    async inRealTime({ cache }) {
      await lasts(
        300,
        () => cache.set('key', 'value', '300ms'),
        async () =>
          (await cache.get('key')) === undefined &&
          !(await cache.has('key')) &&
          (await cache.getMany(['key'])).size === 0,
      )
    },
  },
  {
    name: 'tells the remaining ttl in seconds',
    async run({ cache, advance }) {
      await cache.set('bounded', 1, '1m')
      await cache.set('endless', 1)
      await advance('15s')
      assert.equal(await cache.ttl('bounded'), 45)
      assert.equal(await cache.ttl('endless'), Infinity)
      assert.equal(await cache.ttl('absent'), undefined)
    },
    async inRealTime({ cache, left }) {
      await cache.set('bounded', 1, '1m')
      await pass(300)
      const ttl = await cache.ttl('bounded')
      left(ttl, 60)
      assert.ok(ttl! <= 59.7, `${ttl} s are left`)
      await cache.set('endless', 1)
      assert.equal(await cache.ttl('endless'), Infinity)
      assert.equal(await cache.ttl('absent'), undefined)
    },
  },
  {
    name: 'takes every form of a duration',
    async run({ cache, left }) {
      const forms = [90, '90s', '1m30s', 'PT1M30S', { minutes: 1, seconds: 30 }, { ttl: '1.5m' }] as const
      for (const [index, form] of forms.entries()) {
        await cache.set(`key:${index}`, 1, form)
        left(await cache.ttl(`key:${index}`), 90)
      }
    },
  },
  {
    name: 'keeps an entry for longer than 2^31 milliseconds',
    async run({ cache, advance }) {
      await cache.set('key', 1, '400d')
      await advance('399d')
      assert.equal(await cache.get('key'), 1)
      await advance('1d')
      assert.equal(await cache.get('key'), undefined)
    },
    async inRealTime({ cache, left }) {
      await cache.set('key', 1, '400d')
      left(await cache.ttl('key'), 400 * 86_400)
      assert.equal(await cache.get('key'), 1)
    },
    unseenInRealTime: 'its end: nobody waits for 400 days',
  },
  {
    name: 'gives an entry a new ttl without a rewrite, and none to what is not there',
    async run({ cache, advance }) {
      await cache.set('key', 'value', 10)
      assert.equal(await cache.expire('key', '1m'), true)
      await advance('59s')
      assert.equal(await cache.get('key'), 'value')
      assert.equal(await cache.expire('key', Infinity), true)
      assert.equal(await cache.ttl('key'), Infinity)
      assert.equal(await cache.expire('absent', '1m'), false)
      assert.equal(await cache.has('absent'), false)
    },
    async inRealTime({ cache, left }) {
      await cache.set('key', 'value', '500ms')
      // On a slow machine the entry is gone already, which this case does not judge.
      if (!(await cache.expire('key', '1m'))) await cache.set('key', 'value', '1m')
      await pass(600)
      assert.equal(await cache.get('key'), 'value')
      left(await cache.ttl('key'), 60)
      assert.equal(await cache.expire('key', Infinity), true)
      assert.equal(await cache.ttl('key'), Infinity)
      assert.equal(await cache.expire('absent', '1m'), false)
      assert.equal(await cache.has('absent'), false)
    },
  },
  {
    name: 'takes a date in the past as expired now',
    async run({ cache }) {
      await cache.set('set', 'old')
      assert.equal(await cache.set('set', 'new', new Date(0)), true)
      assert.equal(await cache.get('set'), undefined)
      await cache.set('expire', 'old')
      assert.equal(await cache.expire('expire', new Date(0)), true)
      assert.equal(await cache.get('expire'), undefined)
      assert.equal(await cache.getOrSet('load', () => 'loaded', new Date(0)), 'loaded')
      assert.equal(await cache.get('load'), undefined)
    },
  },
  {
    name: 'loads again after the ttl of a loaded value',
    async run({ cache, advance }) {
      let loads = 0
      const load = () => cache.getOrSet('key', () => ++loads, '1m')
      assert.equal(await load(), 1)
      await advance('59s')
      assert.equal(await load(), 1)
      await advance('1s')
      assert.equal(await load(), 2)
    },
    async inRealTime({ cache }) {
      let loads = 0
      const load = () => cache.getOrSet('key', () => ++loads, '300ms')
      await lasts(300, load, async () => (await load()) === 2)
    },
  },
]
