/** The directives of a `Cache-Control` field: lower-case names with their values, `''` for those without one. */
export type Directives = Map<string, string>

const DIRECTIVE = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?/g

/**
 * Reads a `Cache-Control` field. A repeated directive has the smaller number, because caches are to take the more
 * restrictive one.
 */
export function readDirectives(field: string | null): Directives {
  const directives: Directives = new Map()
  for (const [, name = '', quoted, plain = ''] of (field ?? '').matchAll(DIRECTIVE)) {
    const value = quoted ?? plain
    const before = directives.get(name.toLowerCase())
    if (before === undefined || secondsOf(value) < secondsOf(before))
      directives.set(name.toLowerCase(), value)
  }
  return directives
}

/** Writes directives as a field. */
export function writeDirectives(directives: Directives): string {
  return [...directives].map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join(', ')
}

/** Returns the seconds that a directive names; 0 for anything but a whole number, because that counts as stale. */
export function secondsOf(value: string | undefined): number {
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), 2 ** 31) : 0
}
