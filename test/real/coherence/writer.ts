// Another process, which sets many keys.
import { RedisCache } from 'cachette/redis'
import { nativeClient, type ClientName } from '../native-clients.ts'
import { PREFIX, numbered } from './fleet.ts'

let cache: RedisCache

export function open(client: ClientName, url: string): void {
  cache = new RedisCache({
    client: nativeClient(client, url).client,
    prefix: PREFIX,
    ttl: '1h',
    deadline: { hard: '20s' },
  })
}

/** Sets a number of keys, a thousand at a time. Returns whether all are stored. */
export async function bulk(count: number): Promise<boolean> {
  let isDone = true
  const keys = numbered('bulk', count)
  for (let first = 0; first < count; first += 1_000) {
    const entries = keys.slice(first, first + 1_000).map((key) => [key, `value of ${key}`] as const)
    if (!(await cache.setMany(entries))) isDone = false
  }
  return isDone
}
