import { setMaxListeners } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Announcement } from '../guide/cities.ts'
import type { Shown } from './ledger.ts'

export interface Answer {
  readonly status: number
  readonly shown: readonly Shown[]
  /** Of an update: how it was announced to the other processes. */
  readonly announced: Announcement | undefined
}

/** A question to the guide. */
export interface Question {
  readonly url: string
  /** Tokens of the updates that the visitor knows of. */
  readonly after: readonly string[]
  readonly path: string
  /** An update rather than a page. */
  readonly update?: object | undefined
}

/** Opens pages over real connections that are kept alive, at most 600 at a time. Aborting cuts them all. */
export class Visitor {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 600 })
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    // Each open request listens for the cut.
    setMaxListeners(0, signal)
  }

  open({ url, after, path, update }: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const method = update ? 'PUT' : 'GET'
      const options = { agent: this.#agent, method, headers: { 'x-after': [...after] }, signal: this.#signal }
      const request = httpRequest(url + path, options, (response) => {
        json(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, ...partsOf(answer) }),
          reject,
        )
      })
      request.on('error', reject)
      request.end(update && JSON.stringify(update))
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

interface CityPart {
  readonly id: number
  readonly version: number
}

/** The parts of the guide's answers that the proof needs. */
interface Page {
  readonly city?: CityPart & { readonly country: string }
  readonly countryVersion?: number
  readonly announced?: Announcement
  readonly cities?: readonly CityPart[]
  readonly country?: {
    readonly code: string
    readonly version: number
    readonly largest: readonly CityPart[]
  }
}

function partsOf(answer: unknown): Pick<Answer, 'shown' | 'announced'> {
  const { city, cities = [], country, countryVersion, announced } = answer as Page
  const shown = [...(city ? [city] : []), ...cities, ...(country?.largest ?? [])].map(cityRecord)
  if (country) shown.push({ record: `country:${country.code}`, version: country.version })
  if (city && countryVersion) shown.push({ record: `country:${city.country}`, version: countryVersion })
  return { shown, announced }
}

function cityRecord({ id, version }: CityPart): Shown {
  return { record: `city:${id}`, version }
}
