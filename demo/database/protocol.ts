/** The records and the queries of the database: the language that its client and its worker share. */

export interface City {
  readonly id: number
  readonly name: string
  readonly country: string
  readonly region: string
  readonly latitude: number
  readonly longitude: number
  readonly population: number
  /** Rises by one with each update of this city, in the transaction of the update. */
  readonly version: number
}

export interface Country {
  readonly code: string
  readonly cities: number
  readonly regions: number
  readonly population: number
  readonly largest: readonly Pick<City, 'id' | 'name' | 'population' | 'version'>[]
  /** Rises by one with each update of any city of the country. */
  readonly version: number
}

export interface Neighbour extends City {
  readonly km: number
}

export interface Updated {
  readonly city: City
  readonly countryVersion: number
}

/** The facts that a load needs to ask for real pages: ids by population, countries by number of cities. */
export interface Sample {
  readonly popular: readonly City[]
  readonly countries: readonly string[]
  /** Cities hardly anybody asks for. */
  readonly remote: readonly number[]
}

export interface Queries {
  city(id: number): City | null
  cities(ids: readonly number[]): readonly City[]
  nearest(latitude: number, longitude: number): readonly Neighbour[]
  country(code: string, top: number): Country | null
  search(text: string): readonly City[]
  random(): City
  update(id: number, population: number): Updated | null
  sample(): Sample
}

export type QueryName = keyof Queries

/** Queries that ran, by name and arguments as {@link queryLabel} writes them. Counted where they run. */
export type QueryCounts = ReadonlyMap<string, { readonly queries: number; readonly busyMs: number }>

export type ToWorker =
  | {
      readonly kind: 'query'
      readonly id: number
      readonly name: QueryName
      readonly args: readonly unknown[]
    }
  | { readonly kind: 'counts'; readonly id: number }

export type FromWorker =
  | { readonly kind: 'ready'; readonly cities: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }

/** `country("ES",10)`: one label for each query with its arguments. */
export function queryLabel(name: QueryName, args: readonly unknown[]): string {
  return `${name}(${args.map((arg) => JSON.stringify(arg)).join(',')})`
}
