/**
 * Returns a cached value in a form that JSON has: numbers without one and big integers as text, bytes in base64, maps and
 * sets as lists, errors with name and message.
 */
export function plainOf(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (above.includes(value)) return '[circular]'
  const inner = [...above, value]
  const listOf = (items: Iterable<unknown>): unknown[] => Array.from(items, (item) => plainOf(item, inner))
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return listOf(value)
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('base64')
  if (value instanceof Uint8Array || value instanceof DataView) return bytesOf(value)
  if (ArrayBuffer.isView(value)) return listOf(value as unknown as Iterable<unknown>)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString()
  if (value instanceof Error) return { name: value.name, message: value.message }
  if (value instanceof RegExp || value instanceof URL) return String(value)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainOf(part, inner)]))
}

function bytesOf(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')
}
