import type { City, Country, Neighbour, Updated } from '../database/protocol.ts'

/** What the guide's pages are made of. The HTTP service knows this and nothing of a cache or a database. */
export interface Cities {
  city(id: number): Promise<City | null>
  /** The cities that there are among `ids`, in their order. */
  cities(ids: readonly number[]): Promise<readonly City[]>
  country(code: string, top: number): Promise<Country | null>
  nearest(latitude: number, longitude: number): Promise<readonly Neighbour[]>
  search(text: string): Promise<readonly City[]>
  /** Another city each time, hence never cached. */
  random(): Promise<City>
  /** Resolves when every later answer shows the update. `null`: no such city. */
  update(id: number, population: number): Promise<Updated | null>
}
