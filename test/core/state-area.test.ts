import { describe, expect, test } from 'vitest'
import { StateArea } from '../../src/core/state-area.ts'
import { ManualClock } from '../memory/manual-clock.ts'

function areaOf(maxEntries?: number) {
  const clock = new ManualClock()
  const area = new StateArea<number>({
    clock,
    timers: clock,
    ...(maxEntries === undefined ? {} : { maxEntries }),
  })
  return { area, clock }
}

describe('StateArea', () => {
  test('refuses new keys when it is full, and keeps what it has', () => {
    const { area } = areaOf(3)
    for (const key of ['a', 'b', 'c']) expect(area.put(key, 1, 1000)).toBe(true)
    expect(area.put('d', 1, 1000)).toBe(false)
    expect(area.put('a', 2, 1000)).toBe(true)
    expect([area.get('a'), area.get('b'), area.get('c'), area.get('d')]).toEqual([2, 1, 1, undefined])
  })

  test('holds 100,000 states by default', () => {
    const { area } = areaOf()
    for (let i = 0; i < 100_000; i++) area.put(`${i}`, i, 1000)
    expect(area.put('one more', 1, 1000)).toBe(false)
    expect(area.size).toBe(100_000)
  })

  test('takes new keys once old states have expired', () => {
    const { area, clock } = areaOf(3)
    for (const key of ['a', 'b', 'c']) area.put(key, 1, 1000)
    clock.skip(1000)
    expect(area.get('b')).toBeUndefined()
    expect(area.put('d', 1, 1000)).toBe(true)
    expect(area.put('e', 1, 1000)).toBe(true)
  })

  test('frees expired states without a read, then needs no timer', () => {
    const { area, clock } = areaOf()
    for (let i = 0; i < 50_000; i++) area.put(`${i}`, i, i % 2 === 0 ? 500 : 10_000)
    clock.advance(3500)
    expect(area.size).toBe(25_000)
    clock.advance(10_000)
    expect([area.size, clock.pending]).toEqual([0, 0])
  })

  test('deletes on request and ends its timer when closed', () => {
    const { area, clock } = areaOf()
    area.put('a', 1, 1000)
    expect([area.delete('a'), area.delete('a')]).toEqual([true, false])
    area.put('b', 1, 1000)
    area.close()
    expect(clock.pending).toBe(0)
    area.clear()
    expect(area.get('b')).toBeUndefined()
  })
})
