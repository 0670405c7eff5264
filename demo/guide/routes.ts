import type { IncomingMessage } from 'node:http'
import { mergeTokens } from 'cachette'
import type { Cities } from './cities.ts'
import { HttpError } from './http-error.ts'
import { cityId, countryCode, integerParam, numberParam, populationOf, textParam } from './input.ts'
import type { VisitorLimit } from './visitor-limit.ts'

export interface Call {
  readonly request: IncomingMessage
  /** The parts of the path after its first, decoded. */
  readonly rest: string
  readonly query: URLSearchParams
}

export interface Route {
  readonly method: 'GET' | 'PUT'
  readonly path: RegExp
  /** The JSON of the answer; an {@link HttpError} for every other status than 200. */
  handle(call: Call): Promise<object>
}

/** The pages of the guide. Each shows the version of every record that is in it. */
export function guideRoutes(cities: Cities, limit: VisitorLimit): readonly Route[] {
  return [
    {
      method: 'GET',
      path: /^\/cities\/([^/]+)$/,
      async handle({ rest, request }) {
        const id = cityId(rest)
        return { city: found(await cities.city(id, afterOf(request)), `there is no city ${id}`) }
      },
    },
    {
      method: 'PUT',
      path: /^\/cities\/([^/]+)$/,
      async handle({ rest, request }) {
        const id = cityId(rest)
        return found(await cities.update(id, await populationOf(request)), `there is no city ${id}`)
      },
    },
    {
      method: 'GET',
      path: /^\/countries\/([^/]+)$/,
      async handle({ rest, query, request }) {
        const code = countryCode(rest)
        const top = integerParam(query, 'top', 1, 50, 10)
        return {
          country: found(await cities.country(code, top, afterOf(request)), `there is no country ${code}`),
        }
      },
    },
    {
      method: 'GET',
      path: /^\/nearest$/,
      async handle({ query, request }) {
        // To a tenth of a degree: neighbours share an answer, and the answer says for which spot it holds.
        const latitude = tenth(numberParam(query, 'lat', -90, 90))
        const longitude = tenth(numberParam(query, 'lon', -180, 180))
        const shown = await cities.nearest(latitude, longitude, afterOf(request))
        return { spot: { latitude, longitude }, cities: shown }
      },
    },
    {
      method: 'GET',
      path: /^\/search$/,
      async handle({ query, request }) {
        const text = textParam(query, 'q', 2, 50).toLowerCase()
        return { query: text, cities: await cities.search(text, afterOf(request)) }
      },
    },
    {
      method: 'GET',
      path: /^\/surprise$/,
      async handle({ request }) {
        const seconds = await limit.retryAfter(request.socket.remoteAddress ?? 'unknown')
        if (seconds > 0)
          throw new HttpError(429, 'that was enough for now', { 'retry-after': String(seconds) })
        return { city: await cities.random() }
      },
    },
  ]
}

/** The tokens that updates gave to this visitor, as cookies would carry them. */
function afterOf({ headers }: IncomingMessage): string | undefined {
  const tokens = headers['x-after']
  return typeof tokens === 'string' ? mergeTokens(...tokens.split(', ')) : undefined
}

function found<T>(value: T | null, otherwise: string): T {
  if (value === null) throw new HttpError(404, otherwise)
  return value
}

function tenth(degrees: number): number {
  // Adding 0 turns -0 into 0: they are one spot and must be one key.
  return Math.round(degrees * 10) / 10 + 0
}
