// The conformance suite on real servers, and while they have faults.
import { AssertionError } from 'node:assert'
import { isCacheError, MemoryCache, TieredCache, type BaseCache, type CacheOptions } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { conformanceCases, type ConformanceCase } from 'cachette/testing'
import { until } from '../../support/until.ts'
import type { Engine } from '../caches.ts'
import { nativeClient, type ClientName, type NativeClient } from '../native-clients.ts'

const AT_ONCE = 8

let caches = 0

// A client learns that a slot has moved at its next use. A client that has found the new master by itself connects once
// more when it is told of it.
const AFTERMATH_MS = 3_000

/** The events at the servers while the suite runs. */
interface Fault {
  readonly beganAt: number
  endedAt: number
}

/** Outcome of a run of the suite. */
export interface Outcome {
  readonly passed: number
  /** Number of times that a case was run again because calls of it had failed during a fault. */
  readonly troubled: number
  /** Cases that were run again because they had missed a value during a fault. */
  readonly missed: readonly string[]
  /** Failures, by case. */
  readonly failed: readonly string[]
  /** Cases that could not be judged, with the reason. */
  readonly unseen: readonly string[]
}

/** The suite on both engines over one client of a library. */
export class SuiteOnServers implements AsyncDisposable {
  readonly #native: NativeClient
  readonly #layout: 'one-slot' | undefined
  readonly #cases: readonly ConformanceCase[]
  readonly #faults: Fault[] = []

  constructor(client: ClientName, url: string, engines: readonly Engine[], layout?: 'one-slot') {
    this.#layout = layout
    this.#native = nativeClient(client, url)
    this.#cases = engines.flatMap((engine) =>
      conformanceCases({
        time: 'real',
        countsHidden: true,
        create: (options) => this.#create(engine, options),
      }).map((one) => ({ ...one, name: `${engine}: ${one.name}` })),
    )
  }

  // Each cache has a prefix of its own, so that all can run on one server at the same time.
  #create(engine: Engine, options: CacheOptions): BaseCache {
    caches += 1
    const { client } = this.#native
    // A busy machine is no fault of the servers.
    const l2 = new RedisCache({
      ...options,
      client,
      layout: this.#layout,
      prefix: `suite${caches}:`,
      deadline: { hard: '3s' },
    })
    if (engine === 'redis') return l2
    const l1 = new MemoryCache()
    const cache = new TieredCache({ ...options, l1, l2 })
    const close = cache.close.bind(cache)
    cache.close = async () => {
      await close()
      await l2.close()
      await l1.close()
    }
    return cache
  }

  /** Waits until the servers take writes of every partition that a case may use. */
  async ready(): Promise<void> {
    const cache = this.#create('redis', { onError: 'ignore', logger: SILENT })
    const keys = Array.from({ length: 64 }, (_, index) => [`key${index}`, index] as const)
    await until('the servers to take writes', async () => cache.setMany(keys))
    await cache.close()
  }

  /**
   * Runs all cases, eight at a time. While servers have a fault, the contract lets calls fail, for which these caches
   * throw. It also lets them miss values that a server has lost or a node has dropped to be safe. A case that was under
   * way then is run again until it holds. Any other failure counts.
   */
  async run(): Promise<Outcome> {
    const outcome = { passed: 0, troubled: 0, missed: [] as string[], failed: [] as string[] }
    const waiting = [...this.#cases]
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const beganAt = performance.now()
        try {
          await next.run()
          outcome.passed += 1
          continue
        } catch (error) {
          const line = `${next.name}: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`
          if (!this.#wasDuringFault(beganAt)) {
            outcome.failed.push(line)
            continue
          }
          if (isTrouble(error)) outcome.troubled += 1
          else outcome.missed.push(line)
        }
        waiting.push(next)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    const unseen = this.#cases.flatMap((one) => one.unseen ?? [])
    return { ...outcome, unseen }
  }

  /** Runs a fault of the servers. */
  async during(fault: () => Promise<void>): Promise<void> {
    const noted: Fault = { beganAt: performance.now(), endedAt: Infinity }
    this.#faults.push(noted)
    try {
      await fault()
    } finally {
      noted.endedAt = performance.now()
    }
  }

  #wasDuringFault(beganAt: number): boolean {
    return this.#faults.some(({ endedAt }) => beganAt <= endedAt + AFTERMATH_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#native.close()
  }
}

const SILENT = { warn: () => undefined, error: () => undefined }

// If a case expects an error, this is the error that it found instead.
function isTrouble(error: unknown): boolean {
  const about: unknown = error instanceof AssertionError ? error.actual : error
  return isCacheError(about) && about.code.startsWith('ERR_CACHE_STORE_')
}
