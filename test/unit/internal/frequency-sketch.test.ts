import { describe, expect, test } from 'vitest'
import { FrequencySketch } from '../../../src/internal/frequency-sketch.ts'
import { mix } from '../../../src/internal/hash.ts'

describe('FrequencySketch', () => {
  test('never estimates less than was added between two halvings, and at most 15', () => {
    const sketch = new FrequencySketch(100)
    for (let key = 0; key < 60; key++) sketch.add(mix(key), 1 + (key % 16))
    for (let key = 0; key < 60; key++) {
      expect(sketch.estimate(mix(key))).toBeGreaterThanOrEqual(Math.min(15, 1 + (key % 16)))
      expect(sketch.estimate(mix(key))).toBeLessThanOrEqual(15)
    }
  })

  test('estimates most rare keys exactly', () => {
    const sketch = new FrequencySketch(1000)
    for (let key = 0; key < 1000; key++) sketch.add(mix(key), 2)
    let exact = 0
    for (let key = 0; key < 1000; key++) if (sketch.estimate(mix(key)) === 2) exact++
    expect(exact).toBeGreaterThan(950)
    let strangers = 0
    for (let key = 5000; key < 6000; key++) strangers += sketch.estimate(mix(key))
    expect(strangers).toBeLessThan(50)
  })

  test('answers the new estimate when it adds', () => {
    const sketch = new FrequencySketch(10)
    expect(sketch.add(123, 1)).toBe(1)
    expect(sketch.add(123, 3)).toBe(4)
    expect(sketch.add(123, 14)).toBe(15)
    expect(sketch.estimate(123)).toBe(15)
  })

  test('forgets by halves', () => {
    const sketch = new FrequencySketch(100)
    sketch.add(mix(1), 8)
    for (let key = 100; key < 1200; key++) sketch.add(mix(key), 1)
    expect(sketch.estimate(mix(1))).toBeLessThan(8)
    expect(sketch.estimate(mix(1))).toBeGreaterThanOrEqual(4)
  })

  test('remembers as it grows', () => {
    const sketch = new FrequencySketch(8)
    for (let key = 0; key < 8; key++) sketch.add(mix(key), 5)
    const { bytes } = sketch
    sketch.grow(5000)
    for (let key = 0; key < 8; key++) expect(sketch.estimate(mix(key))).toBeGreaterThanOrEqual(5)
    expect(sketch.bytes).toBeGreaterThan(bytes)
    expect(sketch.bytes).toBeLessThanOrEqual(16 * 5000)
  })
})
