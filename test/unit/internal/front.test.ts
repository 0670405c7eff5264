import { describe, expect, test } from 'vitest'
import { Front } from '../../../src/internal/front.ts'

describe('the front of a map', () => {
  test('is the oldest key that is there', () => {
    const map = new Map<string, number>()
    const front = new Front(map)
    expect(front.take()).toBe(undefined)
    for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) map.set(key, index)
    const taken: unknown[] = []
    const take = (): void => {
      const key = front.take()!
      taken.push(key)
      map.delete(key)
    }
    take()
    // Moved to the end.
    map.delete('b')
    map.set('b', 1)
    take()
    take()
    front.letGo()
    take()
    expect(taken).toEqual(['a', 'c', 'd', 'b'])
    expect(front.take()).toBe(undefined)
  })

  test('is found again after the map was empty for a while', () => {
    const set = new Set<string>(['a'])
    const front = new Front(set)
    expect(front.take()).toBe('a')
    set.delete('a')
    expect(front.take()).toBe(undefined)
    set.add('b')
    expect(front.take()).toBe('b')
    set.delete('b')
    set.add('c')
    expect(front.take()).toBe('c')
  })

  test('finds a key that the caller has left in after all others', () => {
    const set = new Set(['a', 'b'])
    const front = new Front(set)
    expect([front.take(), front.take(), front.take()]).toEqual(['a', 'b', 'a'])
  })
})
