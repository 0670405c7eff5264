import { describe, expect, it } from 'vitest'
import { durationMs, isDuration, type Duration } from '../../../src/options/durations.ts'
import { OptionsError } from '../../../src/core/errors.ts'
import { thrownBy } from '../../support/error-of.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const clock = { wallNow: () => NOW_MS }

function ms(value: unknown): number {
  return durationMs(value as Duration, 'ttl', clock)
}

function refusalOf(value: unknown): OptionsError {
  const error = thrownBy(() => ms(value))
  expect(error).toBeInstanceOf(OptionsError)
  return error as OptionsError
}

/** As a Temporal.Duration has them: inherited getters, nothing of its own. */
class DurationLike {
  readonly #minutes: number
  readonly #years: number

  constructor(minutes: number, years: number) {
    this.#minutes = minutes
    this.#years = years
  }

  get minutes(): number {
    return this.#minutes
  }

  get years(): number {
    return this.#years
  }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('durations', () => {
  it.each<[unknown, number]>([
    [1, 1000],
    [0.5, 500],
    [0.001, 1],
    [300, 5 * MINUTE],
    [2_592_000, 30 * DAY],
    [Infinity, Infinity],
    ['250ms', 250],
    ['90s', 90_000],
    ['15m', 15 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['1h 30m', 90 * MINUTE],
    [' 2 d ', 2 * DAY],
    ['1.5h', 90 * MINUTE],
    ['2w', 14 * DAY],
    ['1d2h3m4s5ms', DAY + 2 * HOUR + 3 * MINUTE + 4005],
    ['90d', 90 * DAY],
    ['365d', 365 * DAY],
    ['PT15M', 15 * MINUTE],
    ['PT1H30M', 90 * MINUTE],
    ['P1D', DAY],
    ['P2W', 14 * DAY],
    ['P1DT12H', 36 * HOUR],
    ['PT0.5S', 500],
    ['PT0,5S', 500],
    [{ minutes: 5 }, 5 * MINUTE],
    [
      { weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 },
      8 * DAY + HOUR + MINUTE + 1001,
    ],
    [{ hours: 0.5 }, 30 * MINUTE],
    [{ minutes: 5, seconds: undefined }, 5 * MINUTE],
    [{ days: 90 }, 90 * DAY],
    [new Date(NOW_MS + 5000), 5000],
    [{ epochMilliseconds: NOW_MS + 5000 }, 5000],
    [new DurationLike(5, 0), 5 * MINUTE],
  ])('are milliseconds inside: %o', (value, expected) => {
    expect(ms(value)).toBe(expected)
  })

  it.each([
    ['date', new Date(NOW_MS - 1)],
    ['instant', { epochMilliseconds: NOW_MS - 1 }],
    ['moment', new Date(NOW_MS)],
  ])('are not positive for a %s that has passed', (_, value) => {
    expect(ms(value)).toBeLessThanOrEqual(0)
  })

  it('are the same when they are read again', () => {
    expect([ms('7m'), ms('7m')]).toEqual([7 * MINUTE, 7 * MINUTE])
    expect([refusalOf('7x').message, refusalOf('7x').message]).toEqual(Array(2).fill(refusalOf('7x').message))
  })

  it('may be longer than a timer can wait', () => {
    expect(ms('100d')).toBeGreaterThan(2 ** 31)
  })

  it.each<[unknown, string]>([
    [0, '0'],
    [-0, '0'],
    [-1, '-1'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    ['', "''"],
    ['   ', "'   '"],
    ['soon', "'soon'"],
    ['5', "'5'"],
    ['5 minutes', "'5 minutes'"],
    ['-5m', "'-5m'"],
    ['0s', "'0s'"],
    ['1h-30m', "'1h-30m'"],
    ['5M', "'5M'"],
    ['1e3s', "'1e3s'"],
    ['.5s', "'.5s'"],
    ['Infinity', "'Infinity'"],
    ['P', "'P'"],
    ['PT', "'PT'"],
    ['P1DT', "'P1DT'"],
    ['PT0S', "'PT0S'"],
    ['P1M', "'P1M'"],
    ['P1Y', "'P1Y'"],
    ['-PT5M', "'-PT5M'"],
    ['pt15m', "'pt15m'"],
    [{}, '{}'],
    [{ minutes: 0 }, '{"minutes":0}'],
    [{ minutes: -5 }, '{"minutes":-5}'],
    [{ minutes: '5' }, '{"minutes":"5"}'],
    [{ minutes: NaN }, '{"minutes":'],
    [{ minute: 5 }, '{"minute":5}'],
    [{ minutes: 5, foo: 1 }, '{"minutes":5,"foo":1}'],
    [{ months: 1 }, '{"months":1}'],
    [{ years: 1 }, '{"years":1}'],
    [new DurationLike(5, 1), '{}'],
    [[], 'an array of 0'],
    [[5], 'an array of 1'],
    [new Date(NaN), 'an invalid Date'],
    [{ epochMilliseconds: NaN }, '{"epochMilliseconds":null}'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [5n, '5n'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 5, 'function (anonymous)'],
  ])('are refused with the value and the accepted forms: %o', (value, named) => {
    const { message, code } = refusalOf(value)

    expect(code).toBe('ERR_CACHE_OPTIONS')
    expect(message).toContain(`ttl: ${named}`)
    for (const form of ["'90s'", "'1h30m'", "'PT15M'", '{ minutes: 5 }', 'a Date', 'Infinity', '2592000']) {
      expect(message).toContain(form)
    }
  })

  it.each([2_592_001, 3_600_000, Number.MAX_VALUE])(
    'are refused as probable milliseconds, with what to write instead: %d',
    (value) => {
      const { message, code } = refusalOf(value)

      expect(code).toBe('ERR_CACHE_OPTIONS')
      expect(message).toContain(`ttl: ${value} is more than 30 days in seconds`)
      expect(message).toContain("'90d'")
    },
  )

  it('name the option that holds them', () => {
    expect(() => durationMs(0, 'set: ttl', clock)).toThrow('set: ttl: 0 is not a duration')
  })

  it.each<[unknown, boolean]>([
    [5, true],
    ['5m', true],
    [NaN, true],
    [null, true],
    [new Date(), true],
    [{ epochMilliseconds: 1 }, true],
    [{ minutes: 5 }, true],
    [new DurationLike(5, 0), true],
    [{ ttl: 5 }, false],
    [{}, false],
    [[], false],
  ])('are told from options: %o', (value, expected) => {
    expect(isDuration(value, 'set')).toBe(expected)
  })
})
