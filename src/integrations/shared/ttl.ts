/**
 * Returns the ttl of a host in a unit, as options of a write. Without a positive number the cache's own default holds.
 */
export function ttlOf(
  ttl: unknown,
  unit: 'seconds' | 'milliseconds',
): { readonly ttl: { readonly milliseconds: number } } | undefined {
  if (typeof ttl !== 'number' || !(ttl > 0) || ttl === Infinity) return undefined
  return { ttl: { milliseconds: unit === 'seconds' ? ttl * 1000 : ttl } }
}
