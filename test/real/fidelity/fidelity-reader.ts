// Runs in a process of its own: reads the entries of another process, and compares them.
import { differences } from '../../unit/serialization/differences.ts'
import { keptValues, registry } from '../../unit/serialization/values.ts'
import { openCache, type Engine } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'

/** Returns the number of entries that were compared, and the differences. */
export async function read(
  engine: Engine,
  client: ClientName,
  url: string,
  prefix: string,
): Promise<{ compared: number; found: readonly string[] }> {
  await using opened = await openCache(engine, client, url, { prefix, registry })
  const found: string[] = []
  let compared = 0
  for (const [name, { value, expected }] of Object.entries(keptValues())) {
    if (value === undefined) continue
    for (const key of [name, `tagged ${name}`]) {
      const there = differences(await opened.cache.get(key), expected)
      found.push(...there.map((text) => `${key}, by ${engine} in another process: ${text}`))
      compared += 1
    }
  }
  return { compared, found }
}
