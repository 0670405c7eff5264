import { describe, expect, it } from 'vitest'
import { KeySample, type Life } from '../../../src/analysis/figures/key-sample.ts'
import { mix } from '../../../src/internal/hash.ts'

const DAY = 86_400_000

class Notes {
  readonly lives: Life<string>[] = []
  readonly reloads: [afterMs: number, isChanged: boolean][] = []
  readonly invalidations: number[] = []
  later = 0

  ended(life: Life<string>): void {
    this.lives.push(life)
  }

  readLater(): void {
    this.later++
  }

  reloaded(_: string, afterMs: number, isChanged: boolean): void {
    this.reloads.push([afterMs, isChanged])
  }

  invalidated(_: string, afterMs: number): void {
    this.invalidations.push(afterMs)
  }
}

function sampleOf(most = 100): { readonly sample: KeySample<string>; readonly notes: Notes } {
  const notes = new Notes()
  return { sample: new KeySample(most, notes), notes }
}

describe('the sample of keys', () => {
  it('tells for how long a value stayed the same, or changed', () => {
    const { sample, notes } = sampleOf()
    sample.loaded(1, 'user', 11, 0, DAY)
    sample.loaded(1, 'user', 11, 100, DAY)
    sample.loaded(1, 'user', 22, 250, DAY)
    expect(notes.reloads).toEqual([
      [100, false],
      [150, true],
    ])
  })

  it('compares nothing across a value that is not known, a write, or an invalidation', () => {
    const { sample, notes } = sampleOf()
    sample.loaded(1, 'user', 11, 0, DAY)
    sample.loaded(1, 'user', undefined, 1, DAY)
    sample.loaded(1, 'user', 12, 2, DAY)
    sample.written(1, 'user', 3, DAY)
    sample.loaded(1, 'user', 13, 4, DAY)
    sample.invalidated(1, 10)
    sample.loaded(1, 'user', 14, 11, DAY)
    expect(notes.reloads).toEqual([])
    expect(notes.invalidations).toEqual([6])
  })

  it('tells whether a key was read before its entry ended, by whatever came next', () => {
    const { sample, notes } = sampleOf()
    sample.loaded(1, 'user', undefined, 0, DAY)
    sample.loaded(1, 'user', undefined, 1, DAY)
    sample.read(1, 2)
    sample.written(1, 'user', 2, DAY)
    sample.read(1, 2)
    sample.invalidated(1, 3)
    sample.loaded(1, 'user', undefined, 4, 10)
    sample.sweep(13)
    sample.sweep(14)
    sample.loaded(1, 'user', undefined, 20, 10)
    sample.read(1, 30)
    sample.loaded(1, 'user', undefined, 31, DAY)
    sample.removed(1, 32, true)
    expect(notes.later).toBe(1)
    const [family, wasInvalidated, wasRead] = ['user', false, false]
    expect(notes.lives).toEqual([
      { family, wasRead, wasInvalidated },
      { family, wasRead: true, wasInvalidated },
      { family, wasRead: true, wasInvalidated: true },
      { family, wasRead, wasInvalidated },
      { family, wasRead, wasInvalidated },
      { family, wasRead, wasInvalidated: true },
    ])
  })

  it('says nothing of entries during whose life reads were missed', () => {
    const { sample, notes } = sampleOf()
    sample.loaded(1, 'user', 11, 0, DAY)
    sample.lost()
    sample.loaded(1, 'user', 11, 1, DAY)
    sample.invalidated(1, 2)
    sample.read(1, 3)
    expect(notes.lives).toEqual([{ family: 'user', wasRead: false, wasInvalidated: true }])
    expect([notes.reloads.length, notes.later]).toEqual([1, 1])
  })

  it('awaits a read only while an entry was not read', () => {
    const { sample } = sampleOf()
    expect(sample.awaits(1)).toBe(false)
    sample.loaded(1, 'user', undefined, 0, DAY)
    expect(sample.awaits(1)).toBe(true)
    sample.read(1, 1)
    expect(sample.awaits(1)).toBe(false)
    sample.written(1, 'user', 1, DAY)
    expect(sample.awaits(1)).toBe(true)
    sample.invalidated(1, 2)
    expect(sample.awaits(1)).toBe(true)
    sample.read(1, 3)
    expect(sample.awaits(1)).toBe(false)
  })

  it('stays within its bound, takes keys by their hash alone, and leaves nothing awaited behind', () => {
    const { sample } = sampleOf(64)
    const hashes = Array.from({ length: 10_000 }, (_, index) => mix(index + 1))
    for (const hash of hashes) sample.loaded(hash, 'user', undefined, 0, DAY)
    expect(sample.size).toBeLessThanOrEqual(64)
    expect(sample.size).toBeGreaterThan(20)
    expect(sample.share).toBeLessThan(0.01)
    for (const hash of hashes) sample.read(hash, 1)
    const sampled = hashes.filter((hash) => hash >>> 0 < sample.share * 2 ** 32)
    expect(sampled.length).toBe(sample.size)
    expect(sample.awaited.every((count) => count === 0)).toBe(true)
  })
})
