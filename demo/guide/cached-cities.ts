import type { BaseCache } from 'cachette'
import { key, mergeTokens } from 'cachette'
import type { City, Country, Neighbour } from '../database/protocol.ts'
import type { AnnouncedUpdate, Cities } from './cities.ts'

type Distance = Pick<Neighbour, 'id' | 'km'>

/**
 * The guide's pages through a cache. It takes any cache by the contract and gives each concern a namespace.
 *
 * Lists keep ids only, and each city has one entry of its own: who changes a city deletes that one entry,
 * and every list that shows the city shows the change.
 */
export class CachedCities implements Cities {
  readonly #origin: Cities
  readonly #cities: BaseCache<City | null>
  readonly #countries: BaseCache<Country | null>
  readonly #nearest: BaseCache<readonly Distance[]>
  readonly #searches: BaseCache<readonly number[]>

  constructor(cache: BaseCache, origin: Cities) {
    this.#origin = origin
    this.#cities = cache.namespace('city', { ttl: '1h' })
    this.#countries = cache.namespace('country', { ttl: '1h' })
    this.#nearest = cache.namespace('nearest', { ttl: '1d' })
    this.#searches = cache.namespace('search', { ttl: '1d' })
  }

  /** `null` is a value like any other: that there is no such city is remembered too. */
  city(id: number, after?: string): Promise<City | null> {
    return this.#cities.getOrSet(String(id), () => this.#origin.city(id), known(after))
  }

  /** Loads what the cache lacks in one query. */
  async cities(ids: readonly number[], after?: string): Promise<readonly City[]> {
    const load = async (missing: readonly string[]): Promise<Map<string, City>> => {
      const cities = await this.#origin.cities(missing.map(Number))
      return new Map(cities.map((city) => [String(city.id), city]))
    }
    const found = await this.#cities.getOrSetMany(ids.map(String), load, known(after))
    return ids.flatMap((id) => found.get(String(id)) ?? [])
  }

  /** A country has a key for each length of its list, `FR:10`, `FR:25`, and one tag for all of them. */
  country(code: string, top: number, after?: string): Promise<Country | null> {
    const options = { ...known(after), tags: [countryTag(code)] }
    return this.#countries.getOrSet(key(code, top), () => this.#origin.country(code, top), options)
  }

  async nearest(latitude: number, longitude: number, after?: string): Promise<readonly Neighbour[]> {
    const distances = await this.#nearest.getOrSet(key('at', { latitude, longitude }), async () => {
      const neighbours = await this.#origin.nearest(latitude, longitude)
      return neighbours.map(({ id, km }) => ({ id, km }))
    })
    const kmOf = new Map(distances.map(({ id, km }) => [id, km]))
    const cities = await this.cities([...kmOf.keys()], after)
    return cities.map((city) => ({ ...city, km: kmOf.get(city.id)! }))
  }

  async search(text: string, after?: string): Promise<readonly City[]> {
    const ids = await this.#searches.getOrSet(key('text', text), async () => {
      const cities = await this.#origin.search(text)
      return cities.map(({ id }) => id)
    })
    return this.cities(ids, after)
  }

  random(): Promise<City> {
    return this.#origin.random()
  }

  /** First the database, then the entries that show the city. A load that began before stores nothing. */
  async update(id: number, population: number): Promise<AnnouncedUpdate | null> {
    const updated = await this.#origin.update(id, population)
    if (!updated) return null
    const invalidations = await Promise.all([
      this.#cities.invalidate(String(id)),
      this.#countries.invalidateTag(countryTag(updated.city.country)),
    ])
    const announced = {
      queued: invalidations.some(({ l2 }) => l2 === 'queued' || l2 === 'dropped'),
      token: mergeTokens(...invalidations.map(({ token }) => token)),
    }
    return { ...updated, announced }
  }
}

function countryTag(code: string): string {
  return `country:${code}`
}

function known(after: string | undefined): { readonly after?: string } {
  return after === undefined ? {} : { after }
}
