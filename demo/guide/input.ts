import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-error.ts'

const maxBodyBytes = 1024

/** A number of the query within its bounds; a 400 that names the parameter otherwise. */
export function numberParam(query: URLSearchParams, name: string, min: number, max: number): number {
  const text = query.get(name)?.trim()
  const number = Number(text)
  if (!text || !Number.isFinite(number) || number < min || number > max) {
    throw new HttpError(400, `"${name}" must be a number from ${min} to ${max}${got(text)}`)
  }
  return number
}

export function integerParam(
  query: URLSearchParams,
  name: string,
  min: number,
  max: number,
  fallback: number,
): number {
  if (!query.has(name)) return fallback
  const number = numberParam(query, name, min, max)
  if (!Number.isInteger(number)) throw new HttpError(400, `"${name}" must be a whole number, not ${number}`)
  return number
}

export function textParam(query: URLSearchParams, name: string, min: number, max: number): string {
  const text = query.get(name)?.trim() ?? ''
  if (text.length < min || text.length > max) {
    throw new HttpError(400, `"${name}" must have ${min} to ${max} characters, not ${text.length}`)
  }
  return text
}

export function cityId(text: string): number {
  const id = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id) || id === 0) {
    throw new HttpError(400, `a city has a positive whole number as its id${got(text)}`)
  }
  return id
}

export function countryCode(text: string): string {
  if (!/^[a-z]{2}$/i.test(text)) throw new HttpError(400, `a country has a code of two letters${got(text)}`)
  return text.toUpperCase()
}

/** The `population` of a JSON body. */
export async function populationOf(request: IncomingMessage): Promise<number> {
  const body = await jsonBody(request)
  const population: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'population') : undefined
  if (!Number.isSafeInteger(population) || Number(population) < 0) {
    throw new HttpError(400, 'the body must be JSON such as {"population": 12345}, a whole number from 0')
  }
  return Number(population)
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new HttpError(413, `the body may have at most ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new HttpError(400, 'the body is not JSON')
  }
}

function got(text: string | undefined): string {
  return text ? `, not "${text.slice(0, 40)}"` : ''
}
