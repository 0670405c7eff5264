import { describe, expect, it } from 'vitest'
import { DEFAULT_OPTIONS } from '../../../src/options/entry-options.ts'
import { KeyError, OptionsError } from '../../../src/core/errors.ts'
import { rowVersionOf, settingsWith, settingsWithTtl, type Settings } from '../../../src/options/resolve.ts'
import { FakeClock } from '../../../src/testing/index.ts'

const BASE: Settings = { ttlMs: Infinity, tags: [] }
const clock = new FakeClock()
const defaults = (options: object): Settings => settingsWith(BASE, options, DEFAULT_OPTIONS, 'a cache')
const call = (options: object, base = BASE): Settings =>
  settingsWith(base, options, Object.keys(options), 'getOrSet', clock)

describe('settings', () => {
  it('are the options in the units of the inside', () => {
    const options = {
      ttl: '5m',
      grace: '1h',
      softTimeout: 0.1,
      hardTimeout: '2s',
      refreshAhead: 0.8,
      jitter: 0.1,
      negativeTtl: 10,
      loadErrorTtl: { seconds: 5 },
      leaseWait: 1,
      maxConcurrentLoads: 4,
      skipRead: 'l1',
      skipWrite: 'l2',
      weight: 3,
      tags: ['a'],
    }

    expect(defaults(options)).toEqual({
      ttlMs: 300_000,
      graceMs: 3_600_000,
      softTimeoutMs: 100,
      hardTimeoutMs: 2000,
      refreshAhead: 0.8,
      jitter: 0.1,
      negativeTtlMs: 10_000,
      loadErrorTtlMs: 5000,
      leaseWaitMs: 1000,
      maxConcurrentLoads: 4,
      skipRead: 'l1',
      skipWrite: 'l2',
      weight: 3,
      tags: ['a'],
    })
  })

  it('of a call replace the defaults, add to their tags, and switch them off', () => {
    const base = defaults({ grace: '1h', softTimeout: '1s', refreshAhead: 0.5, tags: ['a'] })

    expect(
      call({ grace: false, softTimeout: '2s', refreshAhead: false, ttl: undefined, tags: ['b'] }, base),
    ).toEqual({
      ttlMs: Infinity,
      graceMs: undefined,
      softTimeoutMs: 2000,
      refreshAhead: undefined,
      tags: ['a', 'b'],
    })
  })

  it('drop the jitter where the ttl is a time of day', () => {
    const base = defaults({ jitter: 0.5 })
    const at = new Date(clock.wallNow() + 1000)

    expect(call({ ttl: at }, base)).toMatchObject({ ttlMs: 1000, jitter: undefined })
    expect(settingsWithTtl(base, at, 'getOrSet', clock)).toMatchObject({ ttlMs: 1000, jitter: undefined })
    expect(settingsWithTtl(base, '1m', 'getOrSet', clock)).toMatchObject({ ttlMs: 60_000, jitter: 0.5 })
  })

  it.each([new Date(), { epochMilliseconds: 5 }])(
    'have no date as a default, which would pass: %o',
    (ttl) => {
      expect(() => defaults({ ttl })).toThrow(
        "a cache: ttl: a default must be a span such as '30m', not the date",
      )
      expect(() => defaults({ grace: ttl })).toThrow('a cache: grace: a default must be a span')
    },
  )

  it.each<[string, unknown]>([
    ['ttl', 0],
    ['ttl', null],
    ['ttl', false],
    ['grace', 'junk'],
    ['softTimeout', -1],
    ['hardTimeout', 0],
    ['refreshAhead', 0],
    ['refreshAhead', 1],
    ['refreshAhead', '0.8'],
    ['jitter', 1],
    ['jitter', -0.1],
    ['loadErrorTtl', NaN],
    ['leaseWait', false],
    ['maxConcurrentLoads', 0],
    ['maxConcurrentLoads', 1.5],
    ['negativeTtl', 0],
    ['negativeTtl', true],
    ['skipRead', 'l3'],
    ['weight', -1],
    ['weight', Infinity],
    ['rowVersion', -1],
    ['rowVersion', 1.5],
    ['rowVersion', 2n ** 64n],
    ['rowVersion', '5'],
    ['result', 'all'],
    ['forceRefresh', 'yes'],
  ])('refuse %s: %o, and name it', (name, value) => {
    expect(() => call({ [name]: value })).toThrow(OptionsError)
    expect(() => call({ [name]: value })).toThrow(`getOrSet: ${name}: `)
  })

  it('refuse what can not be a tag', () => {
    expect(() => call({ tags: ['!a'] })).toThrow(KeyError)
    expect(() => call({ tags: 'a' })).toThrow(OptionsError)
  })
})

describe('a row version', () => {
  it('is any unsigned number of 64 bits', () => {
    expect([0, 5, 7n, 2n ** 64n - 1n].map((value) => rowVersionOf(value, 'set'))).toEqual([
      0n,
      5n,
      7n,
      2n ** 64n - 1n,
    ])
  })
})
