// One of the nodes: a TieredCache under traffic, in a process of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryCache, TieredCache, type BaseCache, type LoadContext } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { SeededRandom } from '../../../src/testing/random.ts'
import { shareOf, storeOf } from '../../../src/cache/stores.ts'
import { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import type { Bus } from '../../../src/core/remote/log.ts'
import type { UsersClient } from '../../../src/redis/connection/users-client.ts'
import { onTold, sharedNow, tell } from '../../support/peer-side.ts'
import { until } from '../../support/until.ts'
import { nativeClient } from '../native-clients.ts'
import {
  isQuiet,
  kindOf,
  PACE,
  ROWS,
  writerOf,
  type Answer,
  type Handed,
  type Invalidation,
  type NodeHistory,
  type NodeSettings,
  type Query,
} from './scheme.ts'

interface Row {
  readonly version: number
}

const READERS = 3
const WRITE_PAUSE_MS = 300
const QUIET_PAUSE_MS = 6000
const READ_PAUSE_MS = 12
const prefix = 'faults:'
const silent = { warn: () => undefined, error: () => undefined }

const waiting = new Map<number, (version: number) => void>()
let lastQuery = 0
let settings: NodeSettings
let cache: BaseCache<Row>
let random: () => number
const goesOn = { writing: false, reading: false }
const noMoreWrites = new AbortController()
let traffic: Promise<unknown> = Promise.resolve()

const invalidations: Invalidation[] = []
const rejections: string[] = []
const rows: number[] = []
const versions: number[] = []
const startedAt: number[] = []
const vouched: number[] = []

onTold((message) => {
  const told = message as Answer | Handed
  if ('token' in told) {
    void read(told.row, told)
    return
  }
  waiting.get(told.id)?.(told.version)
  waiting.delete(told.id)
})

async function query(ask: Query['ask'], row: number): Promise<number> {
  const id = ++lastQuery
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    tell({ id, ask, row } satisfies Query)
  })
}

function makeClient(url: string): UsersClient {
  const native = nativeClient(settings.client, url)
  return native.client
}

async function makeCache({
  url,
  busUrl,
  policy,
  pace: { heartbeatMs, boundMs } = PACE,
  opensConnections,
}: NodeSettings): Promise<BaseCache<Row>> {
  const shared = { ttl: '1h', prefix, logger: silent } as const
  const connect = async (to: string): Promise<RedisCache> =>
    opensConnections === true
      ? RedisCache.create({ ...shared, url: to })
      : new RedisCache({ ...shared, client: makeClient(to) })
  let bus: Bus | undefined
  if (busUrl !== undefined) bus = shareOf(await connect(busUrl))!({ prefix }).bus
  return new TieredCache<Row>({
    l1: new MemoryCache(),
    l2: await connect(url),
    ttl: '1h',
    logger: silent,
    staleness: {
      policy,
      heartbeat: heartbeatMs / 1000,
      maxLag: boundMs.strict / 1000,
      maxStale: boundMs.available / 1000,
    },
    ...(bus && { bus }),
  })
}

/** Makes the cache and waits until it works. */
export async function open(given: NodeSettings): Promise<void> {
  settings = given
  random = new SeededRandom(given.seed).next
  cache = await makeCache(given)
  const probe = cache.namespace<Row>('probe')
  await until('the cache to be connected', async () => probe.set(`node ${given.node}`, { version: 0 }))
}

/** Returns the namespace of a row of kind `namespace`, which has one that is cleared, or the cache. */
function viewOf(row: number): BaseCache<Row> {
  return kindOf(row) === 'namespace' ? cache.namespace<Row>(`part${row}`) : cache
}

function optionsOf(row: number): { readonly tags?: readonly string[] } {
  return kindOf(row) === 'tag' ? { tags: [`tag:${row}`] } : {}
}

/** Returns the answer of a call of the cache. A rejection is a violation. */
async function call<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    rejections.push(String(error))
    return undefined
  }
}

interface Told {
  readonly isAcknowledged: boolean
  readonly token?: string
}

async function announce(row: number, version: number): Promise<Told> {
  const name = `row:${row}`
  const kind = kindOf(row)
  const view = viewOf(row)
  if (kind === 'namespace') return { isAcknowledged: await view.clear() }
  const rowVersion = kind === 'row' ? { rowVersion: BigInt(version) } : {}
  if (kind === 'row' && random() < 0.5) {
    return { isAcknowledged: await view.set(name, { version }, rowVersion) }
  }
  const { l2, token } =
    kind === 'tag' ? await view.invalidateTag(`tag:${row}`) : await view.invalidate(name, rowVersion)
  return { isAcknowledged: l2 === 'acked', token }
}

async function write(row: number): Promise<void> {
  const version = await query('write', row)
  const told = await call(announce(row, version))
  if (told !== undefined) {
    const { isAcknowledged, token } = told
    invalidations.push({ row, version, atMs: sharedNow(), node: settings.node, isAcknowledged })
    if (isAcknowledged && token !== undefined && random() < 0.2)
      tell({ row, version, token } satisfies Handed)
  }
  const pauseMs = random() * (isQuiet(row) ? QUIET_PAUSE_MS : WRITE_PAUSE_MS)
  await sleep(pauseMs, undefined, { signal: noMoreWrites.signal }).catch(() => undefined)
}

async function readRow(row: number, token: string | undefined): Promise<Row | undefined> {
  const name = `row:${row}`
  const view = viewOf(row)
  const after = token === undefined ? {} : { after: token }
  const drawn = random()
  if (drawn < 0.2) return view.get<Row>(name, after)
  if (drawn < 0.3 && token === undefined) return (await view.getMany<Row>([name])).get(name)
  const load = async (context: LoadContext): Promise<Row> => {
    const version = await query('read', row)
    if (kindOf(row) === 'row') context.setRowVersion(BigInt(version))
    return { version }
  }
  return view.getOrSet(name, load, { ...optionsOf(row), ...after })
}

async function read(row: number, handed?: Handed): Promise<void> {
  const startedAtMs = sharedNow()
  const found = await call(readRow(row, handed?.token))
  if (found === undefined) return
  rows.push(row)
  versions.push(found.version)
  startedAt.push(startedAtMs)
  vouched.push(handed?.version ?? 0)
}

/** Begins to read and write. */
export function start(): void {
  goesOn.writing = goesOn.reading = true
  const own = Array.from({ length: ROWS }, (_, row) => row).filter((row) => writerOf(row) === settings.node)
  traffic = Promise.all([
    ...own.map(async (row) => {
      while (goesOn.writing) await write(row)
    }),
    ...Array.from({ length: READERS }, async () => {
      while (goesOn.reading) {
        await read(Math.floor(random() * ROWS))
        await sleep(random() * READ_PAUSE_MS)
      }
    }),
  ])
}

/** Whether an invalidation of this node has been acknowledged since then. */
export function isServedSince(atMs: number): boolean {
  return invalidations.some((one) => one.isAcknowledged && one.atMs >= atMs)
}

export function stopWriting(): void {
  goesOn.writing = false
  noMoreWrites.abort()
}

/** Ends the traffic, and returns its writes and reads. */
export async function finish(): Promise<NodeHistory> {
  goesOn.reading = false
  await traffic
  const reads = {
    rows: Uint8Array.from(rows),
    versions: Uint32Array.from(versions),
    startedAtMs: Float64Array.from(startedAt),
    vouched: Uint32Array.from(vouched),
  }
  return { node: settings.node, invalidations, reads, rejections }
}

/** Returns the number of calls under way or waiting for an acknowledgement. */
export function pending(): number {
  const store = storeOf(cache)
  if (!(store instanceof CoherentStore)) throw new Error('not the store of two tiers')
  return store.pending.markers + store.pending.outbox
}

/** Returns the version that is served for each row; 0 = none. */
export async function served(): Promise<readonly number[]> {
  const found = Array.from({ length: ROWS }, async (_, row) => viewOf(row).get(`row:${row}`))
  return (await Promise.all(found)).map((row) => row?.version ?? 0)
}
