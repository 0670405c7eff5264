import { MemoryCache } from 'cachette'
import type { BaseCache } from 'cachette'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database } from '../../demo/database/client.ts'
import type { Neighbour, Updated } from '../../demo/database/protocol.ts'
import { CachedCities } from '../../demo/guide/cached-cities.ts'
import type { Cities } from '../../demo/guide/cities.ts'
import { startGuide } from '../../demo/guide/guide.ts'
import { UncachedCities } from '../../demo/guide/uncached-cities.ts'
import type { Proof } from '../../demo/load/ledger.ts'
import { play } from '../../demo/load/play.ts'
import { buildSchedule } from '../../demo/load/schedule.ts'
import type { LoadSize } from '../../demo/load/schedule.ts'

let database: Database

beforeAll(async () => {
  database = await Database.start()
})

afterAll(() => database[Symbol.asyncDispose]())

const size: LoadSize = { seed: 7, durationMs: 1600, scale: 1 }

async function proofOf(guideOf: (cache: BaseCache, origin: Cities) => Cities): Promise<Proof> {
  await using cache = new MemoryCache()
  await using guide = await startGuide(guideOf(cache, new UncachedCities(database)), cache)
  const all = buildSchedule(await database.query('sample'), size)
  // Edits, and the cheapest pages beside them.
  const schedule = all.filter(({ kind }) => kind === 'edit' || kind === 'scan')
  const { played } = await play({ urls: [guide.url], schedule, cutOffMs: 30_000 })
  const { proof, failures } = played
  expect(failures).toEqual([])
  expect(proof.updates).toBe(3)
  return proof
}

describe('the proof', () => {
  it('finds no stale response of the guide', async () => {
    const proof = await proofOf((cache, origin) => new CachedCities(cache, origin))
    expect(proof).toMatchObject({ stale: 0, examples: [] })
    expect(proof.checked).toBeGreaterThan(300)
  })

  it('catches a guide that invalidates nothing', async () => {
    class Forgetful extends CachedCities {
      readonly #origin: Cities

      constructor(cache: BaseCache, origin: Cities) {
        super(cache, origin)
        this.#origin = origin
      }

      override update(id: number, population: number): Promise<Updated | null> {
        return this.#origin.update(id, population)
      }
    }
    const proof = await proofOf((cache, origin) => new Forgetful(cache, origin))
    expect(proof.stale).toBeGreaterThanOrEqual(6)
    expect(proof.examples[0]).toMatch(/showed version \d+ of (city|country):\w+, acknowledged was \d+$/)
  })

  it('catches a guide that forgets the pages of the country', async () => {
    class ForgetfulOfCountries extends CachedCities {
      readonly #origin: Cities
      readonly #cities: BaseCache

      constructor(cache: BaseCache, origin: Cities) {
        super(cache, origin)
        this.#origin = origin
        this.#cities = cache.namespace('city')
      }

      override async update(id: number, population: number): Promise<Updated | null> {
        const updated = await this.#origin.update(id, population)
        await this.#cities.delete(String(id))
        return updated
      }
    }
    const proof = await proofOf((cache, origin) => new ForgetfulOfCountries(cache, origin))
    expect(proof.stale).toBeGreaterThanOrEqual(2)
    expect(proof.examples.every((example) => example.startsWith('/countries/'))).toBe(true)
  })

  it('catches a guide whose lists keep whole cities', async () => {
    class WholeLists extends CachedCities {
      readonly #origin: Cities
      readonly #lists: BaseCache<readonly Neighbour[]>

      constructor(cache: BaseCache, origin: Cities) {
        super(cache, origin)
        this.#origin = origin
        this.#lists = cache.namespace('whole')
      }

      override nearest(latitude: number, longitude: number): Promise<readonly Neighbour[]> {
        return this.#lists.getOrSet(`${latitude}:${longitude}`, () =>
          this.#origin.nearest(latitude, longitude),
        )
      }
    }
    const proof = await proofOf((cache, origin) => new WholeLists(cache, origin))
    expect(proof.stale).toBeGreaterThanOrEqual(2)
    expect(proof.examples.every((example) => example.startsWith('/nearest'))).toBe(true)
  })
})
