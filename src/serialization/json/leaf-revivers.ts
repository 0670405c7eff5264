import { maxBigIntDigits } from './rules.ts'
import { bytesOfView, makeView, viewNames } from '../../internal/kinds.ts'
import { leafMarks } from './marks.ts'
import { corrupt } from '../wire/unreadable.ts'

/** Makes a value from the text or null in its place in the body. */
export type ReviveLeaf = (body: unknown) => unknown

/** The revivers of the leaves of the revive tree. Any mark that is missing here is no leaf. */
export const leafRevivers: ReadonlyMap<string, ReviveLeaf> = new Map<string, ReviveLeaf>([
  [leafMarks.undefined, () => undefined],
  [leafMarks.nan, () => Number.NaN],
  [leafMarks.infinity, () => Infinity],
  [leafMarks.negativeInfinity, () => -Infinity],
  [leafMarks.negativeZero, () => -0],
  [leafMarks.bigint, (body) => parseBigInt(textOf(body)) ?? corrupt('a BigInt')],
  [leafMarks.date, reviveDate],
  [leafMarks.url, (body) => attempt('a URL', () => new URL(textOf(body)))],
  [leafMarks.urlSearchParams, (body) => new URLSearchParams(textOf(body))],
  [leafMarks.arrayBuffer, (body) => bufferOf(textOf(body))],
  ...viewNames.map((name): [string, ReviveLeaf] => [
    name,
    (body) => makeView(name, bufferOf(textOf(body))) ?? corrupt(`a ${name}`),
  ]),
])

/** Returns the text, or throws if the body is none. */
export function textOf(body: unknown): string {
  return typeof body === 'string' ? body : corrupt('a text')
}

/** Returns the answer of a constructor that may throw for foreign data. */
export function attempt<T>(what: string, make: () => T): T {
  try {
    return make()
  } catch {
    return corrupt(what)
  }
}

function reviveDate(body: unknown): Date {
  if (body === null) return new Date(Number.NaN)
  const date = new Date(textOf(body))
  return Number.isNaN(date.getTime()) ? corrupt('a Date') : date
}

function bufferOf(base64: string): ArrayBuffer {
  return bytesOfView(Buffer.from(base64, 'base64'))
}

// Returns the number in the hexadecimal text of a writer, or `undefined` for any other text.
function parseBigInt(text: string): bigint | undefined {
  if (text.length > maxBigIntDigits + 3 || !/^-?0x[0-9a-f]+$/.test(text)) return undefined
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
}
