import { describe, expect, it } from 'vitest'
import { OptionsError } from '../../../src/core/errors.ts'
import { checkMethods } from '../../../src/options/checks.ts'
import { checkChoice, checkOptions, timersFor } from '../../../src/options/options.ts'
import { systemTimers } from '../../../src/core/time/system.ts'
import { FakeClock } from '../../../src/testing/index.ts'

describe('checkOptions', () => {
  it('accepts known options, undefined ones too', () => {
    expect(() => checkOptions({ ttl: 5, signal: undefined }, ['ttl', 'signal'], 'set')).not.toThrow()
    expect(() => checkOptions({}, [], 'set')).not.toThrow()
  })

  it.each<[unknown, string]>([
    [{ tll: 5 }, "set: unknown option 'tll'; accepted: ttl, signal"],
    [Object.create({ tll: 5 }), "set: unknown option 'tll'"],
    [null, 'set: the options must be an object, not null'],
    ['5m', "set: the options must be an object, not '5m'"],
    [[], 'set: the options must be an object, not an array of 0'],
    [() => 1, 'set: the options must be an object, not function'],
  ])('refuses %o', (options, message) => {
    const check = (): void => checkOptions(options, ['ttl', 'signal'], 'set')

    expect(check).toThrow(OptionsError)
    expect(check).toThrow(message)
  })
})

describe('checkChoice', () => {
  it('names the choices', () => {
    expect(() => checkChoice('a', ['a', 'b'], 'mode')).not.toThrow()
    expect(() => checkChoice('c', ['a', 'b'], 'mode')).toThrow("mode: 'c' is not one of 'a', 'b'")
  })
})

describe('checkMethods', () => {
  it.each([null, undefined, 5, {}, { a: 1 }])('names the missing methods of %o', (value) => {
    expect(() => checkMethods(value, ['a', 'b'], 'logger')).toThrow(/^logger: .* has no a\(\), b\(\)$/)
  })

  it('accepts methods that are inherited', () => {
    expect(() => checkMethods(new FakeClock(), ['now', 'wallNow'], 'clock')).not.toThrow()
  })
})

describe('timers', () => {
  it('are those given, else those of the clock, else those of the system', () => {
    const clock = new FakeClock()
    const timers = new FakeClock()

    timersFor({ clock, timers }).set(() => undefined, 1)
    expect([clock.pending, timers.pending]).toEqual([0, 1])
    timersFor({ clock }).set(() => undefined, 1)
    expect([clock.pending, timers.pending]).toEqual([1, 1])
    expect(timersFor({ clock: { now: () => 0, wallNow: () => 0 } })).toBe(systemTimers)
    expect(timersFor({})).toBe(systemTimers)
  })
})
