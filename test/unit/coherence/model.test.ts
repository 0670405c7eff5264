import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { BaseCache } from '../../../src/cache/base-cache.ts'
import { storeOf } from '../../../src/cache/stores.ts'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'

/** What a cache is to its users: a map in which entries end, are labelled, and have versions. */
class Model {
  readonly #entries = new Map<
    string,
    { value: unknown; endsAtMs: number; tags: readonly string[]; rowVersion?: bigint }
  >()
  nowMs = 0

  get(key: string): unknown {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.endsAtMs > this.nowMs ? entry.value : undefined
  }

  set(key: string, value: unknown, ttlMs: number, tags: readonly string[], rowVersion?: bigint): boolean {
    const present = this.get(key) === undefined ? undefined : this.#entries.get(key)?.rowVersion
    if (rowVersion !== undefined && present !== undefined && present > rowVersion) return false
    const versioned = rowVersion === undefined ? {} : { rowVersion }
    this.#entries.set(key, { value, endsAtMs: this.nowMs + ttlMs, tags, ...versioned })
    return true
  }

  delete(key: string): boolean {
    const existed = this.get(key) !== undefined
    this.#entries.delete(key)
    return existed
  }

  expire(key: string, ttlMs: number): boolean {
    if (this.get(key) === undefined) return false
    this.#entries.get(key)!.endsAtMs = this.nowMs + ttlMs
    return true
  }

  add(key: string, by: number, ttlMs: number): number {
    const number = ((this.get(key) as number | undefined) ?? 0) + by
    if (this.get(key) === undefined) this.set(key, number, ttlMs, [])
    else this.#entries.get(key)!.value = number
    return number
  }

  invalidateTag(tag: string): void {
    for (const [key, { tags }] of this.#entries) if (tags.includes(tag)) this.#entries.delete(key)
  }

  deleteByPrefix(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }

  keys(prefix: string): readonly string[] {
    return [...this.#entries.keys()]
      .filter((key) => key.startsWith(prefix) && this.get(key) !== undefined)
      .sort()
  }
}

type Command = readonly [name: keyof typeof COMMANDS, node: number, key: string, ...args: unknown[]]
interface Trial {
  readonly caches: readonly BaseCache[]
  readonly clock: FakeClock
  readonly hasVersions: boolean
}

const PART = 'part:'

/** The cache that owns a key, and the key there. */
function scope(cache: BaseCache, key: string): readonly [cache: BaseCache, key: string] {
  return key.startsWith(PART) ? [cache.namespace('part'), key.slice(PART.length)] : [cache, key]
}

/** Each command on the cache and on the model; what both answer must be the same. */
const COMMANDS = {
  get: async (cache: BaseCache, model: Model, key: string) => {
    const [owner, own] = scope(cache, key)
    expect(await owner.get(own)).toEqual(model.get(key))
  },
  set: async (cache: BaseCache, model: Model, key: string, value: unknown, ttlS: number, tags: string[]) => {
    const [owner, own] = scope(cache, key)
    expect(await owner.set(own, value, { ttl: ttlS, tags })).toBe(model.set(key, value, ttlS * 1_000, tags))
  },
  load: async (cache: BaseCache, model: Model, key: string, value: unknown, ttlS: number, tags: string[]) => {
    const [owner, own] = scope(cache, key)
    const present = model.get(key)
    if (present === undefined) model.set(key, value, ttlS * 1_000, tags)
    expect(await owner.getOrSet(own, async () => value, { ttl: ttlS, tags })).toEqual(
      present === undefined ? value : present,
    )
  },
  many: async (cache: BaseCache, model: Model, key: string) => {
    const keys = [key, 'a', 'ab']
    const found = keys.flatMap((one) =>
      model.get(one) === undefined ? [] : [[one, model.get(one)] as const],
    )
    if (!key.startsWith(PART)) expect(await cache.getMany(keys)).toEqual(new Map(found))
  },
  delete: async (cache: BaseCache, model: Model, key: string) => {
    const [owner, own] = scope(cache, key)
    expect(await owner.delete(own)).toBe(model.delete(key))
  },
  take: async (cache: BaseCache, model: Model, key: string) => {
    const [owner, own] = scope(cache, key)
    const present = model.get(key)
    model.delete(key)
    expect(await owner.take(own)).toEqual(present)
  },
  expire: async (cache: BaseCache, model: Model, key: string, ttlS: number) => {
    const [owner, own] = scope(cache, key)
    expect(await owner.expire(own, ttlS)).toBe(model.expire(key, ttlS * 1_000))
  },
  ttl: async (cache: BaseCache, model: Model, key: string) => {
    const [owner, own] = scope(cache, key)
    expect(await owner.has(own)).toBe(model.get(key) !== undefined)
  },
  add: async (cache: BaseCache, model: Model, _: string, by: number, ttlS: number) => {
    expect(await cache.increment('counter', by, ttlS)).toBe(model.add('counter', by, ttlS * 1_000))
  },
  tag: async (cache: BaseCache, model: Model, _: string, tag: string) => {
    expect(await cache.invalidateTag(tag)).toMatchObject({ l1: 'acked' })
    model.invalidateTag(tag)
  },
  clear: async (cache: BaseCache, model: Model) => {
    expect(await cache.namespace('part').clear()).toBe(true)
    model.deleteByPrefix(PART)
  },
  prefix: async (cache: BaseCache, model: Model, _: string, prefix: string) => {
    expect(await cache.deleteByPrefix(prefix)).toEqual(expect.any(Number))
    model.deleteByPrefix(prefix)
  },
  keys: async (cache: BaseCache, model: Model, _: string, prefix: string) => {
    const found: string[] = []
    for await (const key of cache.keys({ prefix })) found.push(key)
    expect(found.sort()).toEqual(model.keys(prefix))
  },
  version: async (cache: BaseCache, model: Model, _: string, value: unknown, rowVersion: bigint) => {
    const store = storeOf(cache)!
    const { stored } = store.admit(value)
    const op = { kind: 'set', key: 'versioned', stored: stored!, ttlMs: 25_000, rowVersion } as const
    const [result] = await store.write([op])
    expect(result!.ok).toBe(model.set('versioned', value, 25_000, [], rowVersion))
    expect(await cache.get('versioned')).toEqual(model.get('versioned'))
  },
}

const key = fc.constantFrom('a', 'b', 'ab', 'part:a', 'part:b')
const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.record({ list: fc.array(fc.nat(9)) }))
const ttl = fc.constantFrom(10, 25, 3_600)
const tags = fc.subarray(['t', 'u'])
const prefix = fc.constantFrom('a', 'part:', 'b', 'ab')
const node = fc.nat(2)
const command = (name: keyof typeof COMMANDS, ...args: fc.Arbitrary<unknown>[]) =>
  fc.tuple(fc.constant(name), node, key, ...args) as fc.Arbitrary<unknown> as fc.Arbitrary<Command>
const anyCommand = fc.oneof(
  { weight: 6, arbitrary: command('get') },
  { weight: 4, arbitrary: command('set', value, ttl, tags) },
  { weight: 4, arbitrary: command('load', value, ttl, tags) },
  { weight: 2, arbitrary: command('many') },
  { weight: 1, arbitrary: command('delete') },
  { weight: 1, arbitrary: command('take') },
  { weight: 2, arbitrary: command('expire', ttl) },
  { weight: 2, arbitrary: command('ttl') },
  { weight: 2, arbitrary: command('add', fc.integer({ min: -5, max: 5 }), ttl) },
  { weight: 2, arbitrary: command('tag', fc.constantFrom('t', 'u')) },
  { weight: 1, arbitrary: command('clear') },
  { weight: 1, arbitrary: command('prefix', prefix) },
  { weight: 1, arbitrary: command('keys', prefix) },
  { weight: 3, arbitrary: command('version', value, fc.bigInt({ min: 0n, max: 6n })) },
  { weight: 2, arbitrary: fc.constant(['pass'] as const) },
)

/** Odd, so that it never meets the end of an entry. */
const PAUSE_MS = 3_700

const engines: Readonly<Record<string, (clock: FakeClock) => readonly BaseCache[]>> = {
  memory: (clock) => [new MemoryCache({ clock })],
  'two nodes and one without a tier': (clock) => {
    const fleet = new InstantFleet(clock)
    const tiered = (): BaseCache =>
      new TieredCache({
        l1: new MemoryCache({ clock }),
        l2: fleet.sharedCache({ clock }),
        bus: fleet.bus,
        clock,
      })
    return [tiered(), tiered(), fleet.sharedCache({ clock })]
  },
}

/** Whether the engine heeds row versions. */
async function heedsVersions(cache: BaseCache): Promise<boolean> {
  const store = storeOf(cache)!
  const write = async (rowVersion: bigint) => {
    const stored = store.admit('probe').stored!
    return store.write([{ kind: 'set', key: 'probe', stored, ttlMs: 1_000, rowVersion }])
  }
  await write(2n)
  const [{ ok }] = (await write(1n)) as [{ ok: boolean }]
  await cache.delete('probe')
  return !ok
}

const COMMANDS_AT_LEAST = 50_000

describe.each(Object.entries(engines))('a cache in %s', (name, make) => {
  let executed = 0

  afterAll(() => {
    console.log(`${name}: ${executed} commands`)
  })

  const run = async (commands: readonly (Command | readonly ['pass'])[]): Promise<void> => {
    const clock = new FakeClock()
    const trial: Trial = { caches: make(clock), clock, hasVersions: await heedsVersions(make(clock)[0]!) }
    const model = new Model()
    await clock.advance('1ms')
    for (const one of commands) {
      executed++
      if (one[0] === 'pass') {
        await clock.advance({ milliseconds: PAUSE_MS })
        model.nowMs += PAUSE_MS
        continue
      }
      const [kind, at, ...args] = one
      if (kind === 'version' && !trial.hasVersions) continue
      const cache = trial.caches[at % trial.caches.length]!
      await (COMMANDS[kind] as (...all: unknown[]) => Promise<void>)(cache, model, ...args)
    }
    await Promise.all(trial.caches.map(async (cache) => cache.close()))
  }

  it('is the plain model, whatever is done to it', { timeout: 300_000 }, async () => {
    const sequences = fc.array(anyCommand, { minLength: 60, maxLength: 120, size: 'max' })
    await fc.assert(fc.asyncProperty(sequences, run), { numRuns: 650 })
    expect(executed).toBeGreaterThanOrEqual(COMMANDS_AT_LEAST)
  })
})
