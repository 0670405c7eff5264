import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { MemoryCache, silentLogger, TieredCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { storeOf } from '../../../src/cache/stores.ts'
import { contextTimelines } from '../../unit/loading/timelines/contexts.ts'
import { limitTimelines } from '../../unit/loading/timelines/limits.ts'
import { pairwiseTimelines } from '../../unit/loading/timelines/pairwise.ts'
import { TooLong, type Engine } from '../../unit/loading/timelines/stage.ts'
import { staleTimelines } from '../../unit/loading/timelines/stale.ts'
import { PacedClock } from '../../support/paced-clock.ts'
import { CLIENT_NAMES, nativeClient, type ClientName, type NativeClient } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

// Every timeline of loads on each engine over a real server, in real time and all at once. A found entry comes from the
// tier of the process, or from the server through a tier without room. Otherwise it is loaded.

const all = process.env['CACHETTE_TIMELINES'] === 'all'
type Kind = 'redis' | 'tiered' | 'tiered without room'
const KINDS: readonly Kind[] = ['redis', 'tiered', 'tiered without room']
const PAIRS: readonly (readonly [Kind, ClientName])[] = all
  ? KINDS.flatMap((kind) => CLIENT_NAMES.map((client) => [kind, client] as const))
  : [
      ['redis', 'node-redis 6'],
      ['tiered', 'ioredis 5'],
      ['tiered without room', 'node-redis 6'],
    ]
const LONGEST_MS = all ? 70_000 : 6_600
/** Most steps that a call of a cache takes on a server. */
const STEPS = 5
/** Distance between timelines, so that none is late for the server. */
const APART_MS = 15
const HANGS_MS = LONGEST_MS + 20_000

let server: RedisServer
const natives = new Map<ClientName, NativeClient>()
let made = 0
const tooLong: string[] = []
const played: string[] = []

async function answered(client: ClientName): Promise<void> {
  const { ping } = natives.get(client)!.client as object as { ping(): Promise<unknown> }
  for (let step = 0; step < STEPS; step++) {
    await ping.call(natives.get(client)!.client)
    await nextTurn()
  }
}

/**
 * Timelines that are played at the same time, from the first wait for one of them. A busy machine may be late for the
 * server. A failed one is played again with the few others that failed, and at last alone.
 */
class Plays {
  readonly #runs = new Map<string, () => Promise<void>>()
  #played: Promise<ReadonlyMap<string, unknown>> | undefined

  add(name: string, run: () => Promise<void>): () => Promise<void> {
    if (this.#runs.has(name)) throw new Error(`there are two timelines of the name ${name}`)
    this.#runs.set(name, run)
    return async () => {
      this.#played ??= this.#play()
      const isTooLong = (await this.#played).get(name) instanceof TooLong
      const failure =
        isTooLong || (await this.#played).get(name) === undefined ? undefined : await outcome(run, 0)
      if (failure !== undefined) throw failure
      ;(isTooLong ? tooLong : played).push(name)
    }
  }

  async #play(): Promise<ReadonlyMap<string, unknown>> {
    const first = await outcomes([...this.#runs])
    const failed = [...this.#runs].filter(([name]) => isFailure(first.get(name)))
    return new Map([...first, ...(await outcomes(failed))])
  }
}

function isFailure(thrown: unknown): boolean {
  return thrown !== undefined && !(thrown instanceof TooLong)
}

async function outcomes(
  runs: readonly (readonly [name: string, run: () => Promise<void>])[],
): Promise<Map<string, unknown>> {
  const all = runs.map(async ([name, run], index) => [name, await outcome(run, index * APART_MS)] as const)
  return new Map(await Promise.all(all))
}

async function outcome(run: () => Promise<void>, afterMs: number): Promise<unknown> {
  const ended = new AbortController()
  const { signal } = ended
  try {
    await wait(afterMs)
    // A timeline that is late for the server may wait for a clock that stands still.
    const hangs = wait(HANGS_MS, undefined, { signal }).then(() => {
      throw new Error('it hangs')
    })
    return await Promise.race([run(), hangs])
  } catch (error) {
    return error ?? new Error('nothing was thrown')
  } finally {
    ended.abort()
  }
}

function engineOf(kind: Kind, client: ClientName, plays: Plays): Engine {
  return {
    name: `${kind} through ${client}`,
    tier: kind === 'redis' ? 'l2' : 'both',
    real: {
      longestMs: LONGEST_MS,
      makeClock: () => new PacedClock(() => answered(client)),
      play: (name, run) => plays.add(`${kind}, ${client}: ${name}`, run),
    },
    makeStore: (clock) => {
      const { client: native } = natives.get(client)!
      const common = { clock, logger: silentLogger }
      const l2 = new RedisCache({
        ...common,
        client: native,
        prefix: `t${++made}:`,
        ttl: Infinity,
      })
      if (kind === 'redis') return storeOf(l2)!
      const room = kind === 'tiered' ? {} : { maxWeight: 1, weigher: () => 2 }
      return storeOf(new TieredCache({ ...common, l1: new MemoryCache({ clock, ...room }), l2 }))!
    },
  }
}

describeWithServers('timelines of loads over a server', () => {
  beforeAll(async () => {
    server = await startRedis()
    for (const client of new Set(PAIRS.map(([, name]) => name))) {
      const native = nativeClient(client, server.url)
      await native.connect()
      natives.set(client, native)
    }
  })
  afterAll(async () => {
    for (const native of natives.values()) await native.close()
    await server.close()
  })

  const plays = new Plays()
  for (const [kind, client] of PAIRS) {
    const engine = engineOf(kind, client, plays)
    staleTimelines(engine)
    limitTimelines(engine)
    contextTimelines(engine)
    pairwiseTimelines(engine)
  }

  it('are nearly all played', () => {
    expect(tooLong.length).toBeLessThan(played.length / 4)
  })
})
