// One of the processes of a race: readers and writers over one cache, and a database in another process.
import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseCache, LoadContext, SetOptions } from 'cachette'
import { SeededRandom } from '../../../src/testing/random.ts'
import { onTold, sharedNow, tell } from '../../support/peer-side.ts'
import { connect } from '../servers/resp.ts'
import { openCache, type OpenCache } from '../caches.ts'
import type { Acknowledged, Reads } from './judge.ts'
import { KEYS, type Answer, type Query, type Race } from './race.ts'

/** A row of the database as it is cached. */
interface Row {
  readonly version: number
}

const waiting = new Map<number, (version: number) => void>()
let lastQuery = 0
onTold((message) => {
  const { id, version } = message as Answer
  waiting.get(id)?.(version)
  waiting.delete(id)
})

/** Reads the version of a row, or raises it. */
async function query(kind: Query['kind'], key: number): Promise<number> {
  const id = ++lastQuery
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    tell({ id, kind, key } satisfies Query)
  })
}

async function load(key: number): Promise<Row> {
  return { version: await query('read', key) }
}

/** The caches of a race, and how its writers and readers use them. */
class Racer {
  readonly #race: Race
  readonly #root: BaseCache
  readonly #cache: BaseCache<Row>
  /** The views of the readers, one for each. */
  readonly #views: readonly BaseCache<Row>[]
  readonly #random: () => number
  readonly #acknowledged: Acknowledged[] = []
  readonly #keys: number[] = []
  readonly #versions: number[] = []
  readonly #startedAt: number[] = []

  constructor(race: Race, root: BaseCache, readers: readonly BaseCache[]) {
    this.#race = race
    this.#root = root
    const rows = (cache: BaseCache): BaseCache<Row> =>
      race.invalidation === 'namespace' ? cache.namespace<Row>('rows') : (cache as BaseCache<Row>)
    this.#cache = rows(root)
    this.#views = readers.map(rows)
    this.#random = new SeededRandom(race.seed).next
  }

  async run(): Promise<{ acknowledged: readonly Acknowledged[]; reads: Reads }> {
    const { writes, durationMs, node } = this.#race
    const end = performance.now() + durationMs
    const until = async (step: () => Promise<void>): Promise<void> => {
      while (performance.now() < end) await step()
    }
    await Promise.all([
      ...writes.map(async (key) => until(async () => this.#write(key))),
      ...this.#views.map(async (cache) => until(async () => this.#read(cache))),
    ])
    return {
      acknowledged: this.#acknowledged,
      reads: {
        node,
        keys: Uint8Array.from(this.#keys),
        versions: Uint32Array.from(this.#versions),
        startedAtMs: Float64Array.from(this.#startedAt),
      },
    }
  }

  /** Returns `1:row`: each key has a prefix of its own. */
  #name(key: number): string {
    return `${key}:row`
  }

  /** Returns options by which entries are kept stale for a while. */
  #options(key: number): SetOptions {
    return { ttl: 0.2, grace: 0.2, ...(this.#race.invalidation === 'tag' ? { tags: [`tag:${key}`] } : {}) }
  }

  async #write(key: number): Promise<void> {
    const version = await query('write', key)
    if (await this.#announce(key, version)) {
      this.#acknowledged.push({ key, version, atMs: sharedNow(), node: this.#race.node })
    }
    await sleep(this.#random() * 4)
  }

  /** Tells the cache of the new version. Returns whether that was acknowledged. */
  async #announce(key: number, version: number): Promise<boolean> {
    const name = this.#name(key)
    const { invalidation, omission } = this.#race
    const drawn = this.#random()
    const rowVersion = invalidation === 'rowVersion' ? { rowVersion: BigInt(version) } : {}
    if (drawn < 0.25) return this.#cache.set(name, { version }, { ...this.#options(key), ...rowVersion })
    if (invalidation === 'tag') return (await this.#root.invalidateTag(`tag:${key}`)).l2 === 'acked'
    if (invalidation === 'namespace') return this.#cache.clear()
    if (invalidation === 'prefix') {
      if (omission === 'second scan') return this.#deleteInOneScan(`${key}:`)
      return (await this.#root.deleteByPrefix(`${key}:`)) !== undefined
    }
    if (invalidation === 'rowVersion') return (await this.#cache.invalidate(name, rowVersion)).l2 === 'acked'
    if (drawn < 0.5) {
      // Its answer tells whether the key existed. An outage would look the same, and there is none in a race.
      await this.#cache.delete(name)
      return true
    }
    return (await this.#cache.invalidate(name)).l2 === 'acked'
  }

  async #deleteInOneScan(keyPrefix: string): Promise<boolean> {
    const { prefix, url } = this.#race
    const connection = await connect({ port: Number(url.split(':').at(-1)) })
    const [, names] = (await connection.command(
      'SCAN',
      0,
      'COUNT',
      1000,
      'MATCH',
      `${prefix}*${keyPrefix}*`,
    )) as [string, string[]]
    for (const name of names) await connection.command('UNLINK', name)
    connection.close()
    return true
  }

  async #read(cache: BaseCache<Row>): Promise<void> {
    const key = Math.floor(this.#random() * KEYS)
    const startedAt = sharedNow()
    const row = await this.#readRow(cache, key, this.#random())
    if (row !== undefined) {
      this.#keys.push(key)
      this.#versions.push(row.version)
      this.#startedAt.push(startedAt)
    }
    await sleep(this.#random() * 2)
  }

  async #readRow(cache: BaseCache<Row>, key: number, drawn: number): Promise<Row | undefined> {
    const name = this.#name(key)
    const options = this.#options(key)
    const { invalidation, omission } = this.#race
    if (omission === 'leases') {
      const found = await cache.get<Row>(name)
      if (found !== undefined) return found
      const loaded = await load(key)
      await cache.set(name, loaded, options)
      return loaded
    }
    if (omission === 'generations before the load') {
      const found = await cache.get<Row>(name)
      if (found !== undefined) return found
      const loaded = await load(key)
      return cache.getOrSet(name, () => loaded, options)
    }
    if (drawn < 0.1) return cache.get<Row>(name)
    if (drawn < 0.2) return (await cache.getMany<Row>([name])).get(name)
    const loader = async (context: LoadContext): Promise<Row> => {
      const row = await load(key)
      if (invalidation === 'rowVersion') context.setRowVersion(BigInt(row.version))
      return row
    }
    // Entries are refreshed ahead of their end, now and then at once.
    return cache.getOrSet(name, loader, { ...options, refreshAhead: 0.5, forceRefresh: drawn < 0.3 })
  }
}

/** Runs the race to its end. */
export async function run(race: Race): Promise<{ acknowledged: readonly Acknowledged[]; reads: Reads }> {
  const { engine, client, url, prefix, readers, sharesLoads } = race
  const open = async (): Promise<OpenCache> =>
    openCache(engine, client, url, { prefix, staleness: { policy: 'strict' } })
  const all = await Promise.all(Array.from({ length: sharesLoads ? 1 : readers + 1 }, open))
  try {
    const caches = all.map(({ cache }) => cache)
    const views = Array.from({ length: readers }, (_, index) => caches[sharesLoads ? 0 : index + 1]!)
    return await new Racer(race, caches[0]!, views).run()
  } finally {
    for (const one of all) await one[Symbol.asyncDispose]()
  }
}
