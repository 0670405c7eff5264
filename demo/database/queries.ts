import type { Database, Statement } from 'node-sqlite3-wasm'
import type { City, Country, Neighbour, Queries, Sample, Updated } from './protocol.ts'

const cityColumns = 'id, name, country, region, latitude, longitude, population, version'

const kilometres = `2 * 6371 * asin(sqrt(
  pow(sin(radians(latitude - :latitude) / 2), 2)
  + cos(radians(:latitude)) * cos(radians(latitude)) * pow(sin(radians(longitude - :longitude) / 2), 2)))`

const countrySummary = `select code, version, cities, regions, population, (
    select json_group_array(json_object('id', id, 'name', name, 'population', population, 'version', version))
    from (select * from city where country = :code order by population desc, id limit :top)
  ) as largest
  from country, (
    select count(*) as cities, count(distinct region) as regions, sum(population) as population
    from city where country = :code)
  where code = :code`

/**
 * The queries of the guide. They have their indexes and are work nevertheless, and not waiting: the distance is computed
 * for every city of the region, a search reads every name, a summary adds up every city of its country.
 */
export class SqlQueries implements Queries {
  readonly #database: Database
  readonly #statements = new Map<string, Statement>()

  constructor(database: Database) {
    this.#database = database
  }

  city(id: number): City | null {
    return this.#one<City>(`select ${cityColumns} from city where id = :id`, { id })
  }

  cities(ids: readonly number[]): readonly City[] {
    const sql = `select ${cityColumns} from city where id in (select value from json_each(:ids))`
    return this.#all<City>(sql, { ids: JSON.stringify(ids) })
  }

  nearest(latitude: number, longitude: number): readonly Neighbour[] {
    const sql = `select ${cityColumns}, ${kilometres} as km from city
      where latitude between :latitude - 10 and :latitude + 10
        and longitude between :longitude - 15 and :longitude + 15
      order by km limit 10`
    return this.#all<Neighbour>(sql, { latitude, longitude })
  }

  country(code: string, top: number): Country | null {
    const row = this.#one<Omit<Country, 'largest'> & { readonly largest: string }>(countrySummary, {
      code,
      top,
    })
    return row && { ...row, largest: JSON.parse(row.largest) }
  }

  search(text: string): readonly City[] {
    const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    const sql = `select ${cityColumns} from city
      where id in (select id from city where name like :pattern escape '\\')
      order by population desc, id limit 10`
    return this.#all<City>(sql, { pattern })
  }

  random(): City {
    const any = 'select abs(random()) % (select max(id) from city)'
    return this.#one<City>(`select ${cityColumns} from city where id >= (${any}) order by id limit 1`, {})!
  }

  update(id: number, population: number): Updated | null {
    this.#database.exec('begin')
    try {
      const city = this.#one<City>(
        `update city set population = :population, version = version + 1 where id = :id returning ${cityColumns}`,
        { id, population },
      )
      const country = this.#one<{ version: number }>(
        'update country set version = version + 1 where code = :code returning version',
        { code: city?.country ?? '' },
      )
      this.#database.exec('commit')
      return city && country && { city, countryVersion: country.version }
    } catch (error) {
      this.#database.exec('rollback')
      throw error
    }
  }

  sample(): Sample {
    const countries = this.#all<{ country: string }>(
      'select country from city group by country order by count(*) desc, country',
      {},
    )
    return {
      popular: this.#all<City>(`select ${cityColumns} from city order by population desc, id limit 2000`, {}),
      countries: countries.map(({ country }) => country),
      remote: this.#all<{ id: number }>('select id from city order by population, id limit 5000', {}).map(
        ({ id }) => id,
      ),
    }
  }

  #one<Row>(sql: string, values: Values): Row | null {
    return this.#all<Row>(sql, values)[0] ?? null
  }

  /** Each statement names its columns after the fields of `Row`. */
  #all<Row>(sql: string, values: Values): readonly Row[] {
    const bound = Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value]))
    return this.#prepared(sql).all(bound) as readonly unknown[] as readonly Row[]
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}

type Values = Readonly<Record<string, string | number>>
