import type { Queryable } from '../database/client.ts'
import type { City, Country, Neighbour, Updated } from '../database/protocol.ts'
import type { Cities } from './cities.ts'

/** Every page straight from the database: the guide before it had a cache. */
export class UncachedCities implements Cities {
  readonly #database: Queryable

  constructor(database: Queryable) {
    this.#database = database
  }

  city(id: number): Promise<City | null> {
    return this.#database.query('city', id)
  }

  cities(ids: readonly number[]): Promise<readonly City[]> {
    return this.#database.query('cities', ids)
  }

  country(code: string, top: number): Promise<Country | null> {
    return this.#database.query('country', code, top)
  }

  nearest(latitude: number, longitude: number): Promise<readonly Neighbour[]> {
    return this.#database.query('nearest', latitude, longitude)
  }

  search(text: string): Promise<readonly City[]> {
    return this.#database.query('search', text)
  }

  random(): Promise<City> {
    return this.#database.query('random')
  }

  update(id: number, population: number): Promise<Updated | null> {
    return this.#database.query('update', id, population)
  }
}
