// The second process of the guide: the same pages over the same Redis, with a memory of its own.
import { once } from 'node:events'
import { openGuideCache } from '../guide/cache.ts'
import { CachedCities } from '../guide/cached-cities.ts'
import { startGuide } from '../guide/guide.ts'
import { UncachedCities } from '../guide/uncached-cities.ts'
import type { Queryable } from '../database/client.ts'
import type { Queries, QueryName } from '../database/protocol.ts'
import { Watch } from '../outage/watch.ts'
import { untilNormal } from '../redis/recovery.ts'
import type { FromSecond, ToSecond } from './protocol.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The database as this process reaches it. */
class DistantDatabase implements Queryable {
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  query<Name extends QueryName>(
    name: Name,
    ...args: Parameters<Queries[Name]>
  ): Promise<ReturnType<Queries[Name]>> {
    const id = ++this.#lastId
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      send({ kind: 'query', id, name, args })
    }) as Promise<ReturnType<Queries[Name]>>
  }

  receive(message: ToSecond & { kind: 'rows' | 'failed' }): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'rows') waiting?.resolve(message.value)
    else waiting?.reject(new Error(message.message))
  }
}

function send(message: FromSecond): void {
  process.send?.(message)
}

// The terminal sends its interrupt to this process too: the first one decides when both end.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined)

const [url, prefix] = process.argv.slice(2) as [string, string]
const database = new DistantDatabase()
const watch = new Watch(database)
const ended = once(process, 'disconnect')
// If something does not let go, the process ends all the same.
process.on('disconnect', () => setTimeout(() => process.exit(), 800).unref())
{
  await using opened = await openGuideCache({ url, prefix })
  const { cache } = opened
  await using guide = await startGuide(new CachedCities(cache, new UncachedCities(watch)), cache)
  process.on('message', (message: ToSecond) => {
    if (message.kind === 'rows' || message.kind === 'failed') database.receive(message)
    else if (message.kind === 'figures') send({ kind: 'figures', figures: cache.stats() })
    else if (message.kind === 'watch') watch.begin()
    else if (message.kind === 'watched') send({ kind: 'watched', watched: watch.end() })
    else if (message.kind === 'normal') void untilNormal(cache).then(() => send({ kind: 'normal' }))
    else process.disconnect()
  })
  send({ kind: 'listening', url: guide.url })
  await ended
}
process.exit()
