import { describe, expect, it } from 'vitest'
import { simulate } from '../../../src/analysis/trace/simulate.ts'
import type { Trace, TraceRecord } from '../../../src/analysis/trace/read-trace.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const FAMILY = 'user:{id}'

function traceOf(records: readonly Omit<TraceRecord, 'family'>[], share = 1): Trace {
  return {
    cache: 'users',
    share,
    startedAt: 0,
    maxEntries: undefined,
    records: records.map((record) => ({ family: FAMILY, ...record })),
  }
}

function loaded(key: number, atMs: number, ttlMs = Infinity, costMs = 5): Omit<TraceRecord, 'family'>[] {
  return [
    { kind: 'miss', key, atMs },
    { kind: 'load', key, atMs, bytes: 10, costMs, ttlMs },
  ]
}

function ours(trace: Trace, entries: number): { hits: number; loads: number; loadMs: number } {
  const [one] = simulate(trace, [entries], new SeededRandom(1).next)
  return { hits: Math.round(one!.hitRatio * one!.reads), loads: one!.loads, loadMs: one!.loadMs }
}

describe('a simulation', () => {
  it('finds a loaded key until its ttl is over', () => {
    const trace = traceOf([
      ...loaded(1, 0, 100),
      { kind: 'hit', key: 1, atMs: 99 },
      { kind: 'stale', key: 1, atMs: 100 },
      { kind: 'refresh', key: 1, atMs: 101, bytes: 10, costMs: 7, ttlMs: 100 },
      { kind: 'hit', key: 1, atMs: 200 },
      { kind: 'miss', key: 1, atMs: 201 },
    ])
    expect(ours(trace, 10)).toEqual({ hits: 2, loads: 3, loadMs: 21 })
  })

  it('forgets a key that is removed, and knows one that is written', () => {
    const trace = traceOf([
      ...loaded(1, 0),
      { kind: 'remove', key: 1, atMs: 1 },
      { kind: 'miss', key: 1, atMs: 2 },
      { kind: 'write', key: 2, atMs: 3, bytes: 1, costMs: 0, ttlMs: Infinity },
      { kind: 'hit', key: 2, atMs: 4 },
    ])
    expect(ours(trace, 10)).toEqual({ hits: 1, loads: 2, loadMs: 10 })
  })

  it('stores nothing under a key that was never stored in the trace', () => {
    const trace = traceOf([
      { kind: 'miss', key: 1, atMs: 0 },
      { kind: 'miss', key: 1, atMs: 1 },
    ])
    expect(ours(trace, 10)).toEqual({ hits: 0, loads: 0, loadMs: 0 })
  })

  it('counts refreshes of fresh entries as loads', () => {
    const trace = traceOf([
      ...loaded(1, 0, 100),
      { kind: 'hit', key: 1, atMs: 90 },
      { kind: 'refresh', key: 1, atMs: 91, bytes: 10, costMs: 5, ttlMs: 100 },
      { kind: 'hit', key: 1, atMs: 150 },
    ])
    expect(ours(trace, 10)).toEqual({ hits: 2, loads: 2, loadMs: 10 })
  })

  it('shows that a loop larger than the cache defeats LRU, and not ours', () => {
    const records = Array.from({ length: 30 }, (_, round) => round).flatMap((round) =>
      Array.from({ length: 150 }, (_, key) => loaded(key, round)).flat(),
    )
    const [policy, lru, large] = simulate(traceOf(records), [100, 200], new SeededRandom(2).next)
    expect([policy!.policy, lru!.policy, large!.entries]).toEqual(['cachette', 'lru', 200])
    expect(lru!.hitRatio).toBe(0)
    expect(policy!.hitRatio).toBeGreaterThan(0.3)
    expect(large!.hitRatio).toBeGreaterThan(0.95)
  })

  it('plays a trace of half of the keys with half of the size', () => {
    const records = [0, 1].flatMap(() => [1, 2].flatMap((key) => loaded(key, 0)))
    const lruHits = (share: number): number => simulate(traceOf(records, share), [2])[1]!.hitRatio
    expect(lruHits(1)).toBe(0.5)
    expect(lruHits(0.5)).toBe(0)
  })

  it.each([0, -1, 1.5, NaN, Infinity])('refuses the size %s', (size) => {
    expect(() => simulate(traceOf([]), [size])).toThrow('is not a whole number above 0')
  })
})
