import { isDate } from '../../internal/objects.ts'

/**
 * Returns a short rendering of any value for an error message. It never throws. It shows neither text inside of objects
 * nor the part of a text that may be a password.
 */
export function inspect(value: unknown): string {
  try {
    // The password of a misplaced URL must not get into a log.
    if (typeof value === 'string') return `'${clip(value.replace(/\S*:\S*@/g, '***@'))}'`
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
    if (typeof value !== 'object' || value === null) return String(value)
    if (isDate(value)) return Number.isNaN(+value) ? 'an invalid Date' : value.toISOString()
    if (Array.isArray(value)) return `an array of ${value.length}`
    const kind = Object.prototype.toString.call(value).slice(8, -1)
    return kind === 'Object' ? clip(JSON.stringify(value, masked)) : `a ${kind}`
  } catch {
    return 'an object'
  }
}

// Only numbers are shown.
function masked(name: string, part: unknown): unknown {
  if (
    name === '' ||
    part === null ||
    /^(?:number|boolean)$/.test(typeof part) ||
    /^[\d.]{0,9}$/.test(part as string)
  )
    return part
  return `(${typeof part})`
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}
