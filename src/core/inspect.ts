import { isDate, nameOf, isRecord, timeOf } from '../internal/kinds.ts'

const LONGEST_TEXT = 80
const MOST_PARTS = 5

/**
 * Returns a short rendering of any value for an error message. It never throws, runs no getter, and shows neither text
 * inside of objects nor the part of a text that may be a password.
 */
export function inspect(value: unknown): string {
  try {
    return rendering(value)
  } catch {
    return `a ${typeof value} that can't be read`
  }
}

function rendering(value: unknown): string {
  if (typeof value === 'string') return `'${clip(withoutSecrets(value))}'`
  if (typeof value === 'bigint') return clip(`${value}n`)
  if (typeof value === 'function') return named(Object.getOwnPropertyDescriptor(value, 'name')?.value)
  if (typeof value !== 'object' || value === null) return clip(String(value))
  if (isDate(value))
    return Number.isNaN(timeOf(value)) ? 'an invalid Date' : new Date(timeOf(value)).toISOString()
  if (Array.isArray(value)) return `an array of ${value.length}`
  return isRecord(value) ? parts(value) : withArticle(nameOf(value))
}

function named(name: unknown): string {
  return typeof name === 'string' && name !== '' ? `function ${clip(name)}` : 'function (anonymous)'
}

// In the manner of JSON, but for what may be secret or large.
function parts(value: object): string {
  const names = Object.keys(value)
  const shown = names
    .slice(0, MOST_PARTS)
    .map((name) => `${JSON.stringify(clip(withoutSecrets(name)))}:${part(value, name)}`)
  if (names.length > shown.length) shown.push('...')
  return `{${shown.join(',')}}`
}

function part(value: object, name: string): string {
  const descriptor = Object.getOwnPropertyDescriptor(value, name)
  if (descriptor?.get !== undefined) return '(a getter)'
  const inner: unknown = descriptor?.value
  switch (typeof inner) {
    case 'string':
      return /^[\d.,+-]{0,10}$/.test(inner) ? JSON.stringify(inner) : '(text)'
    case 'object':
      return inner === null ? 'null' : `(${withArticle(nameOf(inner))})`
    case 'function':
      return '(a function)'
    default:
      return typeof inner === 'number' && !Number.isFinite(inner) ? 'null' : clip(String(inner))
  }
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${clip(name)}`
}

// A URL given in the wrong place must not put its password into a log.
function withoutSecrets(text: string): string {
  return text
    .replace(/\S*:\S*@/g, '***@')
    .replace(/((?:password|passwd|secret|token|auth)\w*=)[^\s&]*/gi, '$1***')
}

function clip(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 3)}...`.toWellFormed()
}
