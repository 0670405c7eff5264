// One of the processes of a soak: bulk writes beside reads, tags, locks and limits, through a cache in two tiers.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache, type BaseCache } from 'cachette'
import { withLock } from 'cachette/lock'
import { RateLimiter } from 'cachette/ratelimit'
import { SeededRandom } from '../../../src/testing/random.ts'
import { storeOf } from '../../../src/cache/stores.ts'
import { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import { nativeClient } from '../../real/native-clients.ts'
import { sharedNow } from '../../support/peer-side.ts'
import { until } from '../../support/until.ts'
import {
  keyOf,
  KEYS_OF_NODE,
  NODES,
  PREFIX,
  type Account,
  type NodeSettings,
  type OlderRead,
  type Written,
} from './scheme.ts'

interface Row {
  readonly version: number
}

const BATCH = 1000
const TAGS = 20
const written: Written = {
  acknowledged: new Int32Array(KEYS_OF_NODE),
  acknowledgedAtMs: new Float64Array(KEYS_OF_NODE),
  failedAtMs: new Float64Array(KEYS_OF_NODE),
}
const violations: Record<string, number> = {}
const olderReads: OlderRead[] = []
const calls: Record<string, number> = {}
const lines: Record<string, number> = {}
const held: [number, number][] = []
let admitted = 0
let overflowed = false
let settings: NodeSettings
let cache: BaseCache<Row>
let random: () => number
const goesOn = { running: false }
let isBulkDone = false
let traffic: Promise<unknown> = Promise.resolve()
let version = 0

function count(table: Record<string, number>, name: string, by = 1): void {
  table[name] = (table[name] ?? 0) + by
}

const line = (level: string) => (_: object, message: string) => count(lines, `${level}: ${message}`)
const logger = { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') }

/** Makes the cache and waits until it works. */
export async function open(given: NodeSettings): Promise<void> {
  settings = given
  random = new SeededRandom(given.seed).next
  const { client, url, hardDeadline } = given
  const place = client === 'ioredis 5' ? { client: nativeClient(client, url).client } : { url }
  const redis = { ...place, deadline: { hard: hardDeadline } }
  cache = await createCache<Row>({ redis, prefix: PREFIX, ttl: '2h', l1: { maxEntries: 20_000 }, logger })
  await until('the cache to be connected', async () => cache.set(`probe:${given.node}`, { version: 0 }))
}

function note(indexes: readonly number[], stored: boolean, of: number): void {
  const atMs = sharedNow()
  for (const index of indexes) {
    if (stored) {
      written.acknowledged[index] = of
      written.acknowledgedAtMs[index] = atMs
    } else written.failedAtMs[index] = atMs
  }
}

async function writeBatch(indexes: readonly number[]): Promise<void> {
  const of = ++version
  const entries = indexes.map((index) => [keyOf(settings.node, index), { version: of }] as const)
  const stored = await cache.setMany(entries)
  count(calls, 'keys set', indexes.length)
  note(indexes, stored, of)
}

async function fill(): Promise<void> {
  for (let first = 0; first < KEYS_OF_NODE && goesOn.running; first += BATCH) {
    await writeBatch(Array.from({ length: BATCH }, (_, at) => first + at))
  }
  isBulkDone = true
}

function someIndex(): number {
  return Math.floor(random() * KEYS_OF_NODE)
}

async function writeOn(): Promise<void> {
  while (goesOn.running) {
    const drawn = random()
    if (!isBulkDone || drawn < 0.3) {
      const index = someIndex()
      if (!isBulkDone) await sleep(20)
      else {
        const of = ++version
        const stored = await cache.set(keyOf(settings.node, index), { version: of })
        count(calls, 'keys set')
        note([index], stored, of)
      }
    } else {
      const first = Math.floor(random() * (KEYS_OF_NODE - BATCH))
      await writeBatch(Array.from({ length: drawn < 0.9 ? 50 : BATCH }, (_, at) => first + at))
    }
    await sleep(random() * 20)
  }
}

// A process never reads of its own keys what is older than what it was answered for.
async function readOn(): Promise<void> {
  while (goesOn.running) {
    const indexes = Array.from({ length: 20 }, someIndex)
    const own = indexes.map((index) => written.acknowledged[index]!)
    const node = random() < 0.5 ? settings.node : Math.floor(random() * NODES)
    const found = await cache.getMany<Row>(indexes.map((index) => keyOf(node, index)))
    count(calls, 'keys read', indexes.length)
    for (const [at, index] of indexes.entries()) {
      const row = found.get(keyOf(node, index))
      if (node === settings.node && row !== undefined && row.version < own[at]!)
        olderReads.push({
          atMs: sharedNow(),
          key: keyOf(node, index),
          acknowledged: own[at]!,
          acknowledgedAtMs: written.acknowledgedAtMs[index]!,
          failedAtMs: written.failedAtMs[index]!,
          read: row.version,
        })
    }
    await sleep(random() * 4)
  }
}

// After the answer, nothing that was set before is seen here again.
async function tagOn(): Promise<void> {
  let round = 0
  while (goesOn.running) {
    const tag = `tag:${settings.node}:${++round % TAGS}`
    const keys = Array.from({ length: 10 }, (_, at) => `tagged:${settings.node}:${round % TAGS}:${at}`)
    for (const key of keys) await cache.set(key, { version: round }, { tags: [tag], ttl: '10m' })
    if (random() < 0.5) await cache.getMany(keys)
    const { l2 } = await cache.invalidateTag(tag)
    overflowed ||= (cache.stats().outbox?.overflowed ?? 0) > 0
    count(calls, `tags ${l2}`)
    const found = await cache.getMany(keys)
    if (l2 !== 'dropped' && found.size > 0) count(violations, 'an invalidated tag came back', found.size)
    await sleep(50)
  }
}

async function lockOn(): Promise<void> {
  while (goesOn.running) {
    try {
      await withLock(cache, 'job', async () => {
        const fromMs = sharedNow()
        await sleep(5)
        held.push([fromMs, sharedNow()])
      })
      count(calls, 'locks')
    } catch {
      count(calls, 'locks not had')
    }
    await sleep(50)
  }
}

async function limitOn(): Promise<void> {
  const limiter = new RateLimiter(cache, {
    name: 'calls',
    algorithm: 'fixed-window',
    limit: 50,
    window: 1,
    whenUnavailable: 'deny',
  })
  while (goesOn.running) {
    const { allowed } = await limiter.consume('everybody')
    count(calls, 'limits')
    if (allowed) admitted++
    await sleep(15)
  }
}

/** Begins all of it; a rejection is a broken promise. */
export function start(): void {
  goesOn.running = true
  const loops = [fill, writeOn, readOn, tagOn, lockOn, limitOn]
  traffic = Promise.all(
    loops.map(async (loop) =>
      loop().catch((error: unknown) => count(violations, `${loop.name} was rejected: ${String(error)}`)),
    ),
  )
}

/** Holds the event loop up. */
export function stall(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

function store(): CoherentStore {
  const own = storeOf(cache)
  if (!(own instanceof CoherentStore)) throw new Error('The cache has no tiers.')
  return own
}

/** Invalidations that wait for the server. */
export function queued(): number {
  return store().pending.outbox
}

/** The queue and the lines of the log, for a run that does not end. */
export function state(): object {
  return { ...cache.stats().outbox, ...store().pending, ...lines, ...calls }
}

/** Whether every key has been written once. */
export function isFilled(): boolean {
  return isBulkDone
}

/** Bytes of the heap after a collection. */
export function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

/** Ends the traffic and tells what happened. */
export async function finish(): Promise<Account> {
  goesOn.running = false
  await traffic
  return { written, violations, olderReads, calls, lines, overflowed, held, admitted }
}
