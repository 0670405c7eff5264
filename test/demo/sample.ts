import type { City, Sample } from '../../demo/database/protocol.ts'
import { crowdCountry } from '../../demo/load/schedule.ts'

const countries = ['US', 'IT', 'MX', 'FR', 'DE', crowdCountry, 'RU']

function city(id: number): City {
  const country = countries[id % countries.length]!
  return {
    id,
    name: `Town ${id}`,
    country,
    region: '',
    latitude: id % 90,
    longitude: 0,
    population: 9,
    version: 1,
  }
}

/** Cities of no database. */
export const sample: Sample = {
  popular: Array.from({ length: 2000 }, (_, index) => city(index + 1)),
  countries,
  remote: Array.from({ length: 5000 }, (_, index) => 10_000 + index),
}
