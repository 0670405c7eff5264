import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BoundedMap } from '../../../src/memory/bounded-map.ts'
import type { BoundedMapOptions, RemovalCause } from '../../../src/memory/bounded-map.ts'
import { checkMap } from './check-map.ts'
import { ManualClock } from './manual-clock.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

type Step =
  | { readonly do: 'set'; readonly key: number; readonly ttlMs: number; readonly weight: number }
  | { readonly do: 'get' | 'peek' | 'delete' | 'has' | 'remainingMs'; readonly key: number }
  | { readonly do: 'replace'; readonly key: number; readonly weight: number }
  | { readonly do: 'touch'; readonly key: number; readonly ttlMs: number }
  | { readonly do: 'advance' | 'skip'; readonly ms: number }
  | { readonly do: 'clear' | 'iterate' }

interface Value {
  readonly id: number
  readonly weight: number
}

// The plain model: a Map that never evicts by itself. It learns of evictions from the map's listener and
// objects to any removal that it can't explain.
class Model {
  readonly entries = new Map<number, { value: Value; deadlineMs: number }>()
  readonly clock: ManualClock
  readonly map: BoundedMap<number, Value>
  /** The key being written: its old value may be replaced, and it may be evicted for its own weight. */
  #cause: RemovalCause | undefined
  #key: number | undefined
  /** The value being written: a weight that breaks the bound may evict it in the same call. */
  #writing: Value | undefined
  #lastId = 0

  constructor(options: BoundedMapOptions<number, Value>, seed: number) {
    this.clock = new ManualClock(seed % 1000)
    this.map = new BoundedMap<number, Value>({
      ...options,
      clock: this.clock,
      timers: this.clock,
      random: new SeededRandom(seed).next,
      onRemoval: (key, value, cause) => this.#removed(key, value, cause),
    })
  }

  #removed(key: number, value: Value, cause: RemovalCause): void {
    if (value === this.#writing) {
      if (key !== this.#key || cause !== 'evicted') throw new Error(`${key} was ${cause} as it was written`)
      return
    }
    const entry = this.entries.get(key)
    // Thrown errors are counted by the map; `step` looks at the counter.
    if (entry === undefined) throw new Error(`${key} was not there`)
    if (entry.value !== value) throw new Error(`${key} had another value`)
    if (cause === 'expired' && entry.deadlineMs > this.clock.now()) throw new Error(`${key} had not expired`)
    if ((cause === 'deleted' || cause === 'replaced') && (cause !== this.#cause || key !== this.#key)) {
      throw new Error(`${key} was ${cause} without a request`)
    }
    if (cause === 'cleared' && this.#cause !== 'cleared')
      throw new Error(`${key} was cleared without a request`)
    this.entries.delete(key)
  }

  live(key: number): { value: Value; deadlineMs: number } | undefined {
    const entry = this.entries.get(key)
    return entry && entry.deadlineMs > this.clock.now() ? entry : undefined
  }

  step(step: Step): void {
    this.#key = 'key' in step ? step.key : undefined
    this.#cause = undefined
    this.#run(step)
    this.#writing = undefined
    checkMap(this.map)
    same(this.map.stats().listenerErrors, 0)
    same(this.map.size, this.entries.size)
    same(this.clock.pending <= 1, true)
  }

  #run(step: Step): void {
    const { map, clock } = this
    switch (step.do) {
      case 'set': {
        this.#cause = 'replaced'
        const value = (this.#writing = { id: ++this.#lastId, weight: step.weight })
        const stored = map.put(step.key, value, step.ttlMs)
        if (stored) {
          same(step.ttlMs > 0, true)
          this.entries.set(step.key, { value, deadlineMs: clock.now() + step.ttlMs })
        } else same(this.entries.has(step.key), false)
        break
      }
      case 'replace': {
        this.#cause = 'replaced'
        const before = this.live(step.key)
        const value = (this.#writing = { id: ++this.#lastId, weight: step.weight })
        const replaced = map.replace(step.key, value)
        if (replaced) {
          same(before === undefined, false)
          this.entries.set(step.key, { value, deadlineMs: before!.deadlineMs })
        } else this.entries.delete(step.key)
        break
      }
      case 'get':
        same(map.get(step.key), this.live(step.key)?.value)
        break
      case 'peek':
        same(map.peek(step.key), this.live(step.key)?.value)
        break
      case 'has':
        same(map.has(step.key), this.live(step.key) !== undefined)
        break
      case 'remainingMs': {
        const entry = this.live(step.key)
        same(map.remainingMs(step.key), entry && entry.deadlineMs - clock.now())
        break
      }
      case 'touch': {
        const entry = this.live(step.key)
        if (entry) entry.deadlineMs = clock.now() + step.ttlMs
        same(map.touch(step.key, step.ttlMs), entry !== undefined)
        break
      }
      case 'delete': {
        this.#cause = 'deleted'
        const existed = this.live(step.key) !== undefined
        same(map.delete(step.key), existed)
        same(this.entries.has(step.key), false)
        break
      }
      case 'advance':
        clock.advance(step.ms)
        break
      case 'skip':
        clock.skip(step.ms)
        break
      case 'clear':
        this.#cause = 'cleared'
        map.clear()
        same(this.entries.size, 0)
        break
      case 'iterate': {
        const live = [...this.entries.keys()].filter((key) => this.live(key)).sort((a, b) => a - b)
        same([...map.keys()].sort((a, b) => a - b).join(), live.join())
        for (const [key, value] of map) same(value, this.live(key)?.value)
      }
    }
  }
}

// `expect` would take most of the time.
function same(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`${String(actual)} instead of ${String(expected)}`)
}

const DAY_MS = 86_400_000
const ttlMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 5000 }) },
  { weight: 3, arbitrary: fc.constant(Infinity) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 400 * DAY_MS }) },
  { weight: 1, arbitrary: fc.integer({ min: -5, max: 0 }) },
)
const key = fc.integer({ min: 0, max: 60 })
const weight = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 12 }) },
  fc.integer({ min: 0, max: 150 }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('set' as const), key, ttlMs, weight }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('get', 'get', 'peek', 'delete', 'has', 'remainingMs'), key }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replace' as const), key, weight }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('touch' as const), key, ttlMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('advance', 'skip'),
      ms: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 0, max: 3000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 * DAY_MS }) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('iterate' as const) }) },
)
const rareClear: fc.Arbitrary<Step> = fc.oneof(
  { weight: 120, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)

const RUNS = 150
const STEPS = 300
const bounds: [string, BoundedMapOptions<number, Value>][] = [
  ['one entry', { maxEntries: 1 }],
  ['2 entries', { maxEntries: 2 }],
  ['20 entries', { maxEntries: 20 }],
  ['a weight of 100', { maxWeight: 100, weigher: (value) => value.weight }],
  ['a weight of 100, 40 each', { maxWeight: 100, maxEntryWeight: 40, weigher: (value) => value.weight }],
  ['20 entries and a weight of 60', { maxEntries: 20, maxWeight: 60, weigher: (value) => value.weight }],
]

describe('BoundedMap against a plain model', () => {
  let commands = 0

  test.each(bounds)('agrees and stays consistent, bounded by %s', (_, options) => {
    fc.assert(
      fc.property(
        fc.array(rareClear, { minLength: 1, maxLength: STEPS, size: 'max' }),
        fc.nat(),
        (steps, seed) => {
          const model = new Model(options, seed)
          for (const step of steps) {
            model.step(step)
            commands++
          }
          const weight = [...model.entries.values()].reduce((sum, { value }) => sum + value.weight, 0)
          expect(model.map.weight).toBeCloseTo(options.maxWeight === undefined ? model.entries.size : weight)
          // Whatever can expire is freed without a read, and then no timer is left.
          while (model.clock.runNext());
          for (const { deadlineMs } of model.entries.values()) expect(deadlineMs).toBe(Infinity)
          checkMap(model.map)
          model.map.close()
          expect(model.clock.pending).toBe(0)
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('has run enough commands to mean something', () => {
    expect(commands).toBeGreaterThanOrEqual(100_000)
  })
})
