/** The headers that are set on a response, in lower case. */
export type HeaderRecord = Readonly<Record<string, unknown>>

/** Headers that say what caches may do with a response, or describe its body, whoever sets them. */
const OF_RESPONSE =
  /^(?:content-.+|cache-control|cache-tag|surrogate-key|expires|pragma|date|age|etag|last-modified|location|vary|set-cookie)$/

const fronts = new WeakMap<Response, ReadonlySet<string>>()

/** Returns those headers that layers in front of the cache set for each request, such as its id. */
export function frontOf(headers: HeaderRecord): HeaderRecord {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_RESPONSE.test(name)))
}

/** Notes which headers of a response belong to its request alone: those that its handler left as they were. */
export function noteFront(response: Response, headers: HeaderRecord, front: HeaderRecord): void {
  const names = Object.keys(front).filter((name) => String(headers[name]) === String(front[name]))
  if (names.length > 0) fronts.set(response, new Set(names))
}

/** Whether a header of a response belongs to its request alone. */
export function isOfFront(response: Response, name: string): boolean {
  return fronts.get(response)?.has(name) === true
}
