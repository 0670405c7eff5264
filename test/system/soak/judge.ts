// Compares what the server has at the end with what was acknowledged.
import { createCache, type BaseCache } from 'cachette'
import { keyOf, KEYS_OF_NODE, PREFIX, type Account } from './scheme.ts'

/** The events of the servers during a soak. */
export interface Events {
  /** From before a server was lost until its successor had all nodes and the old one had been demoted. */
  readonly failovers: readonly (readonly [fromMs: number, toMs: number])[]
  /** Keys that a node logged again after a failover, and when. */
  readonly replayedAtMs: ReadonlyMap<string, number>
  /** The time at which the last fault had ended and no invalidation was queued any more. */
  readonly drainedAtMs: number
}

export type Cause = 'not replicated' | 'outbox' | 'filter' | 'repaired after a failover' | 'unexplained'

export interface Missing {
  /** By cause. Of those that were acknowledged before `drainedAtMs`. */
  readonly before: Readonly<Record<Cause, number>>
  /** Of those that were acknowledged after it. */
  readonly after: number
  readonly checked: number
  readonly examples: readonly string[]
}

interface Row {
  readonly version: number
}

export async function judge(
  url: string,
  accounts: readonly Account[],
  { failovers, replayedAtMs, drainedAtMs }: Events,
): Promise<Missing> {
  const cache: BaseCache<Row> = await createCache<Row>({ redis: url, prefix: PREFIX, ttl: '2h', l1: false })
  const before: Record<Cause, number> = {
    'not replicated': 0,
    outbox: 0,
    filter: 0,
    'repaired after a failover': 0,
    unexplained: 0,
  }
  const examples: string[] = []
  let after = 0
  let checked = 0
  for (const [node, { written, overflowed }] of accounts.entries()) {
    for (let first = 0; first < KEYS_OF_NODE; first += 1000) {
      const indexes = Array.from({ length: 1000 }, (_, at) => first + at).filter(
        (index) => written.acknowledged[index]! > 0,
      )
      const found = await cache.getMany<Row>(indexes.map((index) => keyOf(node, index)))
      checked += indexes.length
      for (const index of indexes) {
        const key = keyOf(node, index)
        const atMs = written.acknowledgedAtMs[index]!
        const row = found.get(key)
        if (row !== undefined && row.version >= written.acknowledged[index]!) continue
        const failedLater = written.failedAtMs[index]! > atMs
        if (atMs > drainedAtMs && !failedLater) {
          after++
          examples.push(
            `${key}: ${row === undefined ? 'missing' : 'older'}, acknowledged after the last fault`,
          )
          continue
        }
        const cause = causeOf(atMs, failedLater, replayedAtMs.get(key), overflowed)
        before[cause]++
        if (cause === 'unexplained')
          examples.push(
            `${key}: ${row === undefined ? 'missing' : 'older'}, acknowledged at ${Math.round(atMs)}`,
          )
      }
    }
  }
  await cache.close()
  return { before, after, checked, examples: examples.slice(0, 10) }

  function causeOf(
    atMs: number,
    failedLater: boolean,
    replayedMs: number | undefined,
    overflowed: boolean,
  ): Cause {
    if (failedLater) return 'outbox'
    if (failovers.some(([fromMs, toMs]) => atMs >= fromMs && atMs <= toMs)) return 'not replicated'
    if (replayedMs !== undefined && replayedMs > atMs) return 'repaired after a failover'
    return overflowed ? 'filter' : 'unexplained'
  }
}
