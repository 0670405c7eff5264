import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Histogram,
  histogramBuckets,
  mergeHistograms,
  quantile,
  type HistogramData,
} from '../../../src/analysis/figures/histogram.ts'

const LEAST = 2 ** -10
const MOST = 2 ** 40

function dataOf(values: readonly number[]): HistogramData {
  const histogram = new Histogram()
  for (const value of values) histogram.add(value)
  return histogram.data()
}

function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!
}

const value = fc.double({ min: LEAST, max: MOST, noNaN: true })
const values = fc.array(value, { minLength: 1, maxLength: 200 })

describe('a histogram', () => {
  it('tells every quantile to a 32nd, at any scale', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.001, max: 1, noNaN: true }), (all, q) => {
        const [told, right] = [quantile(dataOf(all), q)!, exact(all, q)]
        expect(Math.abs(told - right) / right).toBeLessThanOrEqual(1 / 32 + 1e-6)
      }),
    )
  })

  it('has the count, the sum and the ends exactly', () => {
    fc.assert(
      fc.property(values, (all) => {
        const data = dataOf(all)
        expect(data).toMatchObject({ count: all.length, min: Math.min(...all), max: Math.max(...all) })
        expect(data.sum).toBeCloseTo(
          all.reduce((sum, one) => sum + one, 0),
          -4,
        )
      }),
    )
  })

  it('merges as if one had seen all values, also through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 50 }), { maxLength: 5 }), (parts) => {
        const sent = parts.map((part) => JSON.parse(JSON.stringify(dataOf(part))) as HistogramData)
        const [merged, whole] = [mergeHistograms(sent), dataOf(parts.flat())]
        expect(histogramBuckets(merged)).toEqual(histogramBuckets(whole))
        expect(merged).toMatchObject({ count: whole.count, min: whole.min, max: whole.max })
      }),
    )
  })

  it('takes a bounded number of counts, whatever it is given', () => {
    const data = dataOf([0, Number.MIN_VALUE, 1e300, Infinity, LEAST, MOST])
    expect(data.counts.length).toBeLessThanOrEqual(800)
    expect(data.count).toBe(6)
  })

  it('ignores what is no amount, and weighs the rest', () => {
    const histogram = new Histogram()
    for (const wrong of [NaN, -1, -Infinity]) histogram.add(wrong)
    expect(quantile(histogram.data(), 0.5)).toBeUndefined()
    histogram.add(5, 99)
    histogram.add(1000)
    expect(quantile(histogram.data(), 0.5)).toBeCloseTo(5, 0)
    expect(histogram.data()).toMatchObject({ count: 100, sum: 1495 })
  })
})
