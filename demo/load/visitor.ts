import { setMaxListeners } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Shown } from './ledger.ts'

export interface Answer {
  readonly status: number
  readonly shown: readonly Shown[]
}

/** Opens pages over real connections that are kept alive, at most 600 at a time. Aborting cuts them all. */
export class Visitor {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 600 })
  readonly #signal: AbortSignal

  constructor(url: string, signal: AbortSignal) {
    this.#url = url
    this.#signal = signal
    // Each open request listens for the cut.
    setMaxListeners(0, signal)
  }

  open(path: string, method: 'GET' | 'PUT' = 'GET', body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, method, signal: this.#signal }
      const request = httpRequest(this.#url + path, options, (response) => {
        json(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, shown: shownIn(answer) }),
          reject,
        )
      })
      request.on('error', reject)
      request.end(body && JSON.stringify(body))
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

/** What the guide's answers are made of, as far as the proof needs it. */
interface Page {
  readonly city?: CityPart & { readonly country: string }
  readonly countryVersion?: number
  readonly cities?: readonly CityPart[]
  readonly country?: {
    readonly code: string
    readonly version: number
    readonly largest: readonly CityPart[]
  }
}

function shownIn(answer: unknown): readonly Shown[] {
  const { city, cities = [], country, countryVersion } = answer as Page
  const shown = [...(city ? [city] : []), ...cities, ...(country?.largest ?? [])].map(cityRecord)
  if (country) shown.push({ record: `country:${country.code}`, version: country.version })
  if (city && countryVersion) shown.push({ record: `country:${city.country}`, version: countryVersion })
  return shown
}

function cityRecord({ id, version }: CityPart): Shown {
  return { record: `city:${id}`, version }
}
