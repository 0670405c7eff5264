import type { City, Country, Neighbour, Updated } from '../database/protocol.ts'

/** The way in which the other processes of the guide learn of an update. */
export interface Announcement {
  /** Not yet: Redis gave no answer. This process takes it for done, and repeats it until Redis has it. */
  readonly queued: boolean
  /** A request with it is shown the update, in any process. */
  readonly token: string
}

/** An update, and how it was announced if anything has to be told of it. */
export interface AnnouncedUpdate extends Updated {
  readonly announced?: Announcement
}

/**
 * The source of the guide's pages. The HTTP service knows this and nothing of a cache or a database. `after` is the
 * token of an update that the visitor knows of.
 */
export interface Cities {
  city(id: number, after?: string): Promise<City | null>
  /** The cities that there are among `ids`, in their order. */
  cities(ids: readonly number[], after?: string): Promise<readonly City[]>
  country(code: string, top: number, after?: string): Promise<Country | null>
  nearest(latitude: number, longitude: number, after?: string): Promise<readonly Neighbour[]>
  search(text: string, after?: string): Promise<readonly City[]>
  /** Another city each time, hence never cached. */
  random(): Promise<City>
  /** Resolves when every later answer of this process shows the update. `null`: no such city. */
  update(id: number, population: number): Promise<AnnouncedUpdate | null>
}
