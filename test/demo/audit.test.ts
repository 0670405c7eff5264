import { FakeClock } from 'cachette/testing'
import { MemoryCache } from 'cachette'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { City, Updated } from '../../demo/database/protocol.ts'
import type { Cities } from '../../demo/guide/cities.ts'
import { GuideAudit } from '../../demo/guide/audit-routes.ts'
import { CachedCities } from '../../demo/guide/cached-cities.ts'
import { ForgetfulCities } from '../../demo/guide/forgetful-cities.ts'
import { startGuide } from '../../demo/guide/guide.ts'
import type { Service } from '../../demo/guide/service.ts'
import { sample } from './sample.ts'

/** A database of one city. */
class Database implements Cities {
  #city = sample.popular[0]!

  async city(): Promise<City> {
    return this.#city
  }
  async cities(): Promise<readonly City[]> {
    return [this.#city]
  }
  async country(): Promise<null> {
    return null
  }
  async nearest(): Promise<readonly []> {
    return []
  }
  async search(): Promise<readonly City[]> {
    return [this.#city]
  }
  async random(): Promise<City> {
    return this.#city
  }
  async update(_: number, population: number): Promise<Updated> {
    this.#city = { ...this.#city, population, version: this.#city.version + 1 }
    return { city: this.#city, countryVersion: 2 }
  }
}

let clock: FakeClock
let cache: MemoryCache
let guide: Service
let told: string[]

beforeEach(async () => {
  clock = new FakeClock()
  cache = new MemoryCache({ clock })
  told = []
  const origin = new Database()
  const cities = new ForgetfulCities(new CachedCities(cache, origin), origin)
  const audit = new GuideAudit()
  guide = await startGuide(cities, cache, 0, audit.routes(cities))
  audit.begin(cache, (sentence) => told.push(sentence))
})

afterEach(async () => {
  await guide[Symbol.asyncDispose]()
  await cache.close()
})

async function ask(path: string, init?: RequestInit): Promise<unknown> {
  return (await fetch(guide.url + path, init)).json()
}

async function update(population: number): Promise<void> {
  await ask('/cities/1', { method: 'PUT', body: JSON.stringify({ population }) })
}

describe('the auditor of the guide', () => {
  it('finds the update that forgets the cache, with the family and the reason', async () => {
    await ask('/cities/1')
    expect(await ask('/forgetful/on', { method: 'PUT' })).toEqual({ forgetful: true })
    await update(5)
    expect(await ask('/cities/1')).toMatchObject({ city: { version: 1 } })
    await clock.advance('2s')
    expect(told).toEqual([expect.stringMatching(/^city:\{key\} \(city:1\): never invalidated: .*forgot/)])
    const wrongKeys = [{ family: 'city:{key}', cause: 'not-invalidated' }]
    expect(await ask('/audit')).toMatchObject({ samples: 1, wrong: 1, wrongKeys })
  })

  it('finds nothing while updates invalidate', async () => {
    await ask('/cities/1')
    await update(5)
    for (let look = 0; look < 3; look++) {
      expect(await ask('/cities/1')).toMatchObject({ city: { version: 2 } })
      await clock.advance('2s')
    }
    expect(told).toEqual([])
    expect(await ask('/audit')).toMatchObject({ wrong: 0, same: 2 })
  })
})
