// A service under load whose database dies for ten seconds. Its clock stands still, so the requests are the same every
// time.
import { MemoryCache, silentLogger, type CacheOptions } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'

export const LASTS_MS = 40_000
export const DIES_AT_MS = 12_000
export const BACK_AT_MS = 22_000
export const BUCKET_MS = 500
const REQUEST_EVERY_MS = 5
const QUERY_MS = 50
/** The time after which a client of the dead database gives up. */
const CONNECT_TIMEOUT_MS = 2000
const KEYS = 40
/** The number of requests of which one is for a new key. */
const COLD_ONE_IN = 40

/** The result of a request. */
interface Answer {
  readonly askedAtMs: number
  readonly waitedMs: number
  readonly kind: 'fresh' | 'stale' | 'failed'
}

/** The results of the requests of half a second. */
export interface Bucket {
  fresh: number
  stale: number
  failed: number
  slowestMs: number
}

/** The outcome of one way to cache. */
export interface Outcome {
  readonly name: string
  readonly buckets: readonly Bucket[]
  readonly failed: number
  readonly stale: number
  /** Number of stale answers before the death of the database. `staleAfter` counts those after its return. */
  readonly staleBefore: number
  readonly staleAfter: number
  readonly queries: number
  readonly queriesInOutage: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly slowestMs: number
}

/** The ways, each with one more feature. */
export const WAYS: readonly { readonly name: string; readonly options: CacheOptions | undefined }[] = [
  { name: 'no cache', options: undefined },
  { name: 'ttl', options: { ttl: '4s' } },
  { name: '+ grace', options: { ttl: '4s', grace: '1m' } },
  {
    name: '+ timeouts',
    options: { ttl: '4s', grace: '1m', softTimeout: '100ms', hardTimeout: '500ms', loadErrorTtl: '1s' },
  },
  {
    name: '+ refreshAhead',
    options: {
      ttl: '4s',
      grace: '1m',
      softTimeout: '100ms',
      hardTimeout: '500ms',
      loadErrorTtl: '1s',
      refreshAhead: 0.7,
    },
  },
]

/** Runs one way from the beginning to the end. */
export async function runOutage(name: string, options: CacheOptions | undefined): Promise<Outcome> {
  const clock = new FakeClock()
  const cache = options && new MemoryCache({ clock, logger: silentLogger, random: () => 0.5, ...options })
  const answers: Answer[] = []
  let queries = 0
  let queriesInOutage = 0
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.set(resolve, ms)
    })
  const isDead = (): boolean => isOutage(clock.now())
  // A value is the time of its read, so its age tells whether it is stale.
  const query = async (): Promise<number> => {
    const readAtMs = clock.now()
    queries++
    if (isDead()) queriesInOutage++
    await wait(isDead() ? CONNECT_TIMEOUT_MS : QUERY_MS)
    if (isOutage(readAtMs)) throw new Error('connect ETIMEDOUT')
    return readAtMs
  }
  const request = async (key: string): Promise<void> => {
    const askedAtMs = clock.now()
    let kind: Answer['kind']
    try {
      const readAtMs = cache === undefined ? await query() : await cache.getOrSet(key, query)
      kind = askedAtMs - readAtMs > 4000 + QUERY_MS ? 'stale' : 'fresh'
    } catch {
      kind = 'failed'
    }
    answers.push({ askedAtMs, waitedMs: clock.now() - askedAtMs, kind })
  }
  const random = numbers(7)
  const open: Promise<void>[] = []
  for (let ms = 0; ms < LASTS_MS; ms += REQUEST_EVERY_MS) {
    const isCold = random() < 1 / COLD_ONE_IN
    open.push(request(isCold ? `cold:${ms}` : `key:${Math.floor(random() * KEYS)}`))
    await clock.advance({ milliseconds: REQUEST_EVERY_MS })
  }
  await clock.advance({ milliseconds: 2 * CONNECT_TIMEOUT_MS })
  await Promise.all(open)
  await cache?.close()
  return { name, queries, queriesInOutage, ...summary(answers) }
}

function isOutage(ms: number): boolean {
  return ms >= DIES_AT_MS && ms < BACK_AT_MS
}

function summary(answers: readonly Answer[]) {
  const buckets = Array.from({ length: LASTS_MS / BUCKET_MS }, (): Bucket => ({
    fresh: 0,
    stale: 0,
    failed: 0,
    slowestMs: 0,
  }))
  for (const { askedAtMs, waitedMs, kind } of answers) {
    const bucket = buckets[Math.floor(askedAtMs / BUCKET_MS)]!
    bucket[kind]++
    bucket.slowestMs = Math.max(bucket.slowestMs, waitedMs)
  }
  const waits = answers
    .filter(({ askedAtMs }) => isOutage(askedAtMs))
    .map(({ waitedMs }) => waitedMs)
    .toSorted((a, b) => a - b)
  const count = (kind: Answer['kind']): number => answers.filter((answer) => answer.kind === kind).length
  return {
    buckets,
    failed: count('failed'),
    stale: count('stale'),
    staleBefore: answers.filter(({ kind, askedAtMs }) => kind === 'stale' && askedAtMs < DIES_AT_MS).length,
    staleAfter: answers.filter(({ kind, askedAtMs }) => kind === 'stale' && askedAtMs >= BACK_AT_MS).length,
    medianMs: waits[waits.length >> 1]!,
    p99Ms: waits[Math.floor(waits.length * 0.99)]!,
    slowestMs: waits.at(-1)!,
  }
}

// Returns a small generator of numbers in [0, 1) that are the same in every run.
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
