import type { City, Country, Neighbour } from '../database/protocol.ts'
import type { AnnouncedUpdate, Cities } from './cities.ts'

/** The guide's pages with a switch: while it is on, an update changes the database and forgets the cache. */
export class ForgetfulCities implements Cities {
  readonly #cached: Cities
  readonly #origin: Cities
  isForgetful = false

  constructor(cached: Cities, origin: Cities) {
    this.#cached = cached
    this.#origin = origin
  }

  city(id: number, after?: string): Promise<City | null> {
    return this.#cached.city(id, after)
  }

  cities(ids: readonly number[], after?: string): Promise<readonly City[]> {
    return this.#cached.cities(ids, after)
  }

  country(code: string, top: number, after?: string): Promise<Country | null> {
    return this.#cached.country(code, top, after)
  }

  nearest(latitude: number, longitude: number, after?: string): Promise<readonly Neighbour[]> {
    return this.#cached.nearest(latitude, longitude, after)
  }

  search(text: string, after?: string): Promise<readonly City[]> {
    return this.#cached.search(text, after)
  }

  random(): Promise<City> {
    return this.#cached.random()
  }

  update(id: number, population: number): Promise<AnnouncedUpdate | null> {
    return (this.isForgetful ? this.#origin : this.#cached).update(id, population)
  }
}
