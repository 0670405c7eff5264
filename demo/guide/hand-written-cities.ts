import type { BaseCache } from 'cachette'
import { key } from 'cachette'
import type { Queryable } from '../database/client.ts'
import type { Country } from '../database/protocol.ts'
import { UncachedCities } from './uncached-cities.ts'

/**
 * The cache code that services write by hand: get, then load, then set. It has no coalescing (whoever comes
 * while the first one loads, loads too). The demo runs the flash crowd against it for comparison.
 */
export class HandWrittenCities extends UncachedCities {
  readonly #countries: BaseCache<Country | null>

  constructor(cache: BaseCache, database: Queryable) {
    super(database)
    this.#countries = cache.namespace('hand-written', { ttl: '1h' })
  }

  override async country(code: string, top: number): Promise<Country | null> {
    const cached = await this.#countries.get(key(code, top))
    if (cached !== undefined) return cached
    const loaded = await super.country(code, top)
    await this.#countries.set(key(code, top), loaded)
    return loaded
  }
}
