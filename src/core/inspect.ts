/** A short, safe rendering of any value for an error message; never throws and never runs a getter twice. */
export function inspect(value: unknown): string {
  if (typeof value === 'string') return `'${clip(value)}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString()
  if (Array.isArray(value)) return `an array of ${value.length}`
  try {
    return clip(JSON.stringify(value) ?? 'an object')
  } catch {
    return 'an object'
  }
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}
