import type { Reply } from '../redis/connection/client.ts'
import { scanNames, textOf } from '../redis/store/scans.ts'
import { runAll, type Server } from './server.ts'

/** A name below the prefix, with the facts that a server tells without reading the value. */
export interface Item {
  /** The key within the cache; for a foreign name, the rest after the prefix. */
  readonly key: string
  readonly name: string
  /** Seconds until it is removed, `Infinity` = never. */
  readonly ttl: number
  /** The bytes of memory that it takes on the server; `undefined` if the server does not tell. */
  readonly bytes: number | undefined
}

/** The number of names whose facts are asked for at once. */
const CHUNK = 500

/** Yields the entries whose keys begin with a literal text. Nothing is counted as a read. */
export async function* items(server: Server, keyPrefix: string): AsyncGenerator<Item> {
  const { client, names } = server
  const seen = new Set<string>()
  for (const master of await client.masters())
    for await (const found of scanNames(master, names.pattern('value', keyPrefix), true)) {
      const fresh = found.flatMap((bytes) => {
        const name = textOf(bytes)
        const key = name === undefined || names.isSideKey(bytes) ? undefined : names.keyOf(name)
        // A scan may find a name twice while the server grows or shrinks its table.
        if (name === undefined || key === undefined || seen.has(name)) return []
        seen.add(name)
        return [{ name, key }]
      })
      for (let at = 0; at < fresh.length; at += CHUNK) {
        const chunk = fresh.slice(at, at + CHUNK)
        const replies = await runAll(
          master,
          chunk.flatMap(({ name }) => [
            ['PTTL', name],
            ['MEMORY', 'USAGE', name],
          ]),
        )
        for (const [index, one] of chunk.entries()) {
          const ttl = ttlOf(replies[2 * index])
          // It was removed meanwhile.
          if (ttl !== undefined) yield { ...one, ttl, bytes: bytesOf(replies[2 * index + 1]) }
        }
      }
    }
}

/** Returns the sentence that there is nothing. A wrong prefix is the likely cause if no beginning was given. */
export function noKeys({ prefix }: Server, beginning: string): string {
  const text = `There are no keys under ${prefix}${beginning}.`
  return beginning === '' ? `${text} --prefix names the prefix of another cache.` : text
}

function ttlOf(reply: Reply | undefined): number | undefined {
  if (typeof reply !== 'number' || reply === -2) return undefined
  return reply === -1 ? Infinity : reply / 1000
}

function bytesOf(reply: Reply | undefined): number | undefined {
  return typeof reply === 'number' ? reply : undefined
}
