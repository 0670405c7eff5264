import { describe, expect, it } from 'vitest'
import { SoftInvalidations } from '../../../src/coherence/tags/soft-invalidations.ts'

const HARD = '0123456789abcdef'
const generation = (soft: number): string => HARD + (soft >>> 0).toString(16).padStart(8, '0')

describe('soft invalidations', () => {
  it('date an entry from the first one after its load that is known, in whatever order they are heard of', () => {
    const known = new SoftInvalidations()
    known.note(generation(300), 3_000)
    known.note(generation(100), 1_000)
    known.note(generation(200), 2_000)
    known.note(generation(200), 9_000)
    expect([0, 50, 100, 150, 200, 299].map((soft) => known.firstAfter(generation(soft)))).toEqual([
      1_000, 1_000, 2_000, 2_000, 3_000, 3_000,
    ])
    expect(known.firstAfter(generation(300))).toBe(Infinity)
  })

  it('know nothing of tags with another random half, and none of a tag that was only made', () => {
    const known = new SoftInvalidations()
    known.note(generation(0), 1_000)
    expect(known.firstAfter(generation(0))).toBe(Infinity)
    known.note(generation(7), 1_000)
    expect(known.firstAfter(`f${generation(0).slice(1)}`)).toBe(Infinity)
  })

  it('are in order where the time begins anew', () => {
    const known = new SoftInvalidations()
    known.note(generation(5), 2_000)
    known.note(generation(-5), 1_000)
    expect(known.firstAfter(generation(-9))).toBe(1_000)
    expect(known.firstAfter(generation(-5))).toBe(2_000)
    expect(known.firstAfter(generation(9))).toBe(Infinity)
  })

  it('are bounded in number', () => {
    const known = new SoftInvalidations()
    const of = (index: number): string => `${index.toString(16).padStart(16, '0')}00000001`
    for (let index = 0; index < 2_000; index++) known.note(of(index), index)
    expect(known.firstAfter(of(0).slice(0, 16) + '00000000')).toBe(Infinity)
    expect(known.firstAfter(of(1_999).slice(0, 16) + '00000000')).toBe(1_999)
    for (let soft = 1; soft < 100; soft++) known.note(generation(soft), soft)
    expect(known.firstAfter(generation(0))).toBe(1)
    expect(known.firstAfter(generation(98))).toBe(99)
  })
})
