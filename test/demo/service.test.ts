import { FakeClock } from 'cachette/testing'
import { MemoryCache } from 'cachette'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { City, Updated } from '../../demo/database/protocol.ts'
import type { Cities } from '../../demo/guide/cities.ts'
import { startGuide } from '../../demo/guide/guide.ts'
import type { Service } from '../../demo/guide/service.ts'

const paris: City = {
  id: 2988507,
  name: 'Paris',
  country: 'FR',
  region: '11',
  latitude: 48.85341,
  longitude: 2.3488,
  population: 2138551,
  version: 1,
}

/** One city, and no database. */
class OneCity implements Cities {
  readonly asked: unknown[] = []

  async city(id: number): Promise<City | null> {
    return id === paris.id ? paris : null
  }
  async cities(): Promise<readonly City[]> {
    return [paris]
  }
  async country(code: string, top: number): Promise<null> {
    this.asked.push([code, top])
    return null
  }
  async nearest(latitude: number, longitude: number): Promise<readonly []> {
    this.asked.push([latitude, longitude])
    return []
  }
  async search(text: string): Promise<readonly City[]> {
    if (text === 'break') throw new Error('a secret of the database')
    this.asked.push(text)
    return [paris]
  }
  async random(): Promise<City> {
    return paris
  }
  async update(id: number, population: number): Promise<Updated | null> {
    return id === paris.id ? { city: { ...paris, population, version: 2 }, countryVersion: 2 } : null
  }
}

let clock: FakeClock
let cache: MemoryCache
let cities: OneCity
let guide: Service

beforeEach(async () => {
  clock = new FakeClock()
  cache = new MemoryCache({ clock })
  cities = new OneCity()
  guide = await startGuide(cities, cache)
})

afterEach(async () => {
  await guide[Symbol.asyncDispose]()
  await cache.close()
})

async function open(
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(guide.url + path, init)
  return { status: response.status, body: await response.json(), headers: response.headers }
}

function put(path: string, body: string): ReturnType<typeof open> {
  return open(path, { method: 'PUT', body })
}

describe('the guide', () => {
  it('shows a city with its version', async () => {
    expect(await open('/cities/2988507')).toMatchObject({ status: 200, body: { city: paris } })
  })

  it('answers an update with the versions that it made', async () => {
    const answer = await put('/cities/2988507', '{"population": 5}')
    expect(answer).toMatchObject({
      status: 200,
      body: { city: { population: 5, version: 2 }, countryVersion: 2 },
    })
  })

  it('rounds a spot to a tenth of a degree, with one form of zero', async () => {
    await open('/nearest?lat=48.8534&lon=-0.01')
    expect(cities.asked).toEqual([[48.9, 0]])
  })

  it('asks for a country in capitals and for a text in small letters', async () => {
    await open('/countries/fr?top=3')
    await open('/search?q=%20PaRis%20')
    expect(cities.asked).toEqual([['FR', 3], 'paris'])
  })

  it.each([
    ['/cities/0', 400, 'a city has a positive whole number as its id, not "0"'],
    ['/cities/paris', 400, 'a city has a positive whole number as its id, not "paris"'],
    ['/cities/1', 404, 'there is no city 1'],
    ['/countries/France', 400, 'a country has a code of two letters, not "France"'],
    ['/countries/XX', 404, 'there is no country XX'],
    ['/countries/FR?top=51', 400, '"top" must be a number from 1 to 50, not "51"'],
    ['/countries/FR?top=1.5', 400, '"top" must be a whole number, not 1.5'],
    ['/nearest', 400, '"lat" must be a number from -90 to 90'],
    ['/nearest?lat=91&lon=0', 400, '"lat" must be a number from -90 to 90, not "91"'],
    ['/nearest?lat=0&lon=east', 400, '"lon" must be a number from -180 to 180, not "east"'],
    ['/search?q=x', 400, '"q" must have 2 to 50 characters, not 1'],
    ['/cities/%E0%A4', 400, 'the address is malformed'],
    ['/nowhere', 404, 'there is no page /nowhere'],
  ])('answers %s with %i and says why', async (path, status, error) => {
    expect(await open(path)).toMatchObject({ status, body: { error } })
  })

  it.each([
    ['{"population": -1}', 400, 'the body must be JSON such as {"population": 12345}, a whole number from 0'],
    [
      '{"population": "5"}',
      400,
      'the body must be JSON such as {"population": 12345}, a whole number from 0',
    ],
    ['null', 400, 'the body must be JSON such as {"population": 12345}, a whole number from 0'],
    ['population=5', 400, 'the body is not JSON'],
    [`{"population": ${' '.repeat(2000)}5}`, 413, 'the body may have at most 1024 bytes'],
  ])('refuses the update %.30s', async (body, status, error) => {
    expect(await put('/cities/2988507', body)).toMatchObject({ status, body: { error } })
  })

  it('names the methods of a page', async () => {
    const answer = await open('/cities/2988507', { method: 'DELETE' })
    expect(answer).toMatchObject({ status: 405, body: { error: '/cities/2988507 takes GET, PUT' } })
    expect(answer.headers.get('allow')).toBe('GET, PUT')
  })

  it('refuses a visitor past the limit until the window has ended', async () => {
    const surprise = async (): Promise<number> => (await open('/surprise')).status
    for (let visit = 1; visit <= 20; visit += 1) expect(await surprise()).toBe(200)
    await clock.advance('7s')
    const refused = await open('/surprise')
    expect(refused).toMatchObject({ status: 429, body: { error: 'that was enough for now' } })
    expect(refused.headers.get('retry-after')).toBe('3')
    // Refused requests do not prolong the window.
    await clock.advance('3s')
    expect(await surprise()).toBe(200)
  })
})
