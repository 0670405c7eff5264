import { describe, expect, test } from 'vitest'
import { StateArea } from '../../../src/in-process/state-area.ts'
import { ManualClock } from '../memory/manual-clock.ts'

function areaOf(maxEntries = 100_000) {
  const clock = new ManualClock()
  const area = new StateArea<number>({ clock, timers: clock, maxEntries })
  return { area, clock }
}

describe('StateArea', () => {
  test('refuses new keys when all that it has is used up, and keeps that', () => {
    const { area } = areaOf(3)
    for (const key of ['a', 'b', 'c']) expect(area.put(key, 1, 1000, 1)).toBe(true)
    expect(area.put('d', 1, 1000)).toBe(false)
    expect(area.put('a', 2, 1000)).toBe(true)
    expect([area.get('a'), area.get('b'), area.get('c'), area.get('d')]).toEqual([2, 1, 1, undefined])
    expect(area.put('d', 1, 1000)).toBe(true)
    expect([area.get('a'), area.get('d')]).toEqual([undefined, 1])
  })

  test('forgets the state of which least is used, then that which ends first', () => {
    const { area } = areaOf(4)
    area.put('much', 1, 1000, 0.75)
    area.put('late', 1, 2000, 0.5)
    area.put('soon', 1, 1000, 0.5)
    area.put('all', 1, 1000, 1)
    const left = (): string[] => ['much', 'late', 'soon', 'all'].filter((key) => area.get(key) !== undefined)
    area.put('x', 1, 1000, 1)
    expect(left()).toEqual(['much', 'late', 'all'])
    area.put('y', 1, 1000, 1)
    expect(left()).toEqual(['much', 'all'])
    area.put('z', 1, 1000, 1)
    expect(left()).toEqual(['all'])
    expect(area.size).toBe(4)
  })

  test('takes new keys once old states have expired', () => {
    const { area, clock } = areaOf(3)
    for (const key of ['a', 'b', 'c']) area.put(key, 1, 1000, 1)
    clock.skip(1000)
    expect(area.get('b')).toBeUndefined()
    expect(area.put('d', 1, 1000, 1)).toBe(true)
    expect(area.put('e', 1, 1000, 1)).toBe(true)
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
