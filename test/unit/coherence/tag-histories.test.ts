import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BaseCache } from '../../../src/cache/base-cache.ts'
import { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import { StoreUnavailableError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import type { Message } from '../../../src/core/remote/log.ts'
import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import type { Store } from '../../../src/core/store.ts'
import { mergeTokens } from '../../../src/core/token.ts'
import { localMemory } from '../../../src/memory/local-memory.ts'
import { EventLoop } from '../../../simulator/machine/event-loop.ts'
import { Network, NO_FAULTS } from '../../../simulator/machine/network.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { deferred } from '../../support/deferred.ts'
import { SimulatedRemote } from '../../../simulator/server/remote.ts'
import { SimulatedServer } from '../../../simulator/server/server.ts'

type Call = keyof RemoteStore

class TrialCache extends BaseCache {
  constructor(store: Store, loop: EventLoop) {
    super(store, { clock: loop, timers: loop, random: () => 0.5, logger: silentLogger })
  }
}

/** A node whose calls can be held up or refused, and which hears messages only while it is told to. */
class Node {
  readonly store: CoherentStore
  readonly cache: BaseCache
  readonly calls: string[] = []
  isDeaf = false
  isCutOff = false
  readonly #held = new Map<string, Promise<void>>()
  #listen: (message: Message) => void = () => undefined

  constructor(name: string, server: SimulatedServer, loop: EventLoop, heartbeatMs: number) {
    const random = new SeededRandom(name.charCodeAt(0))
    const network = new Network(loop, random, { ...NO_FAULTS, delayMs: [1, 1] }, 60)
    const remote = new Proxy(new SimulatedRemote(server, network), {
      get: (target, call: Call) => {
        const value: unknown = Reflect.get(target, call)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown =>
          this.#call(call, () => Reflect.apply(value, target, args) as unknown)
      },
    })
    const parts = { remote, clock: loop, timers: loop, random: random.next, node: name }
    const local = localMemory({}, { clock: loop, timers: loop })
    const bus = {
      subscribe: (listen: (message: Message) => void, onReady: () => void) => {
        this.#listen = listen
        onReady()
        return () => undefined
      },
    }
    this.store = new CoherentStore(
      { ...parts, local, bus },
      {
        policy: 'available',
        maxLagMs: 3_000,
        maxStaleMs: 60_000,
        heartbeatMs,
        leaseMs: 5_000,
        longestLeaseMs: 60_000,
        suspectBits: 2 ** 14,
        outboxLimit: 10,
        journalMs: 60_000,
        journalLimit: 500,
        generationLimit: 100,
      },
    )
    this.cache = new TrialCache(this.store, loop)
  }

  hear(message: Message): void {
    if (!this.isDeaf) this.#listen(message)
  }

  /** Lets no answer of this call through until the result is called. */
  hold(call: Call): () => void {
    let open!: () => void
    this.#held.set(
      call,
      new Promise((resolve) => {
        open = resolve
      }),
    )
    return () => {
      this.#held.delete(call)
      open()
    }
  }

  #call(call: string, run: () => unknown): unknown {
    if (['view', 'admit', 'partitionOf', 'scan'].includes(call)) return run()
    this.calls.push(call)
    return this.#answer(call, run)
  }

  async #answer(call: string, run: () => unknown): Promise<unknown> {
    if (this.isCutOff) throw new StoreUnavailableError('cut off')
    const held = this.#held.get(call)
    const answer = await run()
    await held
    return answer
  }
}

const TAGGED = { tags: ['t'] }

describe('tags on several nodes', () => {
  let loop: EventLoop
  let a: Node
  let b: Node
  let server: SimulatedServer

  const make = async (heartbeatMs: number): Promise<void> => {
    loop = new EventLoop()
    server = new SimulatedServer({
      now: () => loop.now(),
      partitions: 1,
      logLimit: 100,
      publish: (message) => loop.set(() => [a, b].forEach((node) => node.hear(message)), 1),
    })
    a = new Node('a', server, loop, heartbeatMs)
    b = new Node('b', server, loop, heartbeatMs)
    await loop.runUntil(50)
  }

  // Some simulated time passes, enough for every answer that is not held up.
  const after = async <T>(call: Promise<T>): Promise<T> => {
    await loop.runUntil(loop.now() + 100)
    return call
  }
  const load = async (node: Node, value: string): Promise<unknown> =>
    after(node.cache.getOrSet('key', () => value, TAGGED))

  beforeEach(async () => make(1_000))

  afterEach(async () => {
    await Promise.all([after(a.cache.close()), after(b.cache.close())])
  })

  it('serve an entry with tags from their own tier without a call', async () => {
    await load(a, 'value')
    a.calls.length = 0

    expect(await after(a.cache.get('key'))).toBe('value')
    expect(a.calls).toEqual([])
  })

  it('ask once for the tags of all entries that a call reads', async () => {
    const tagsOf = (index: number): string[] => ['t', `t${index % 3}`]
    for (let index = 0; index < 20; index++)
      await after(a.cache.set(`k${index}`, index, { tags: tagsOf(index) }))
    b.calls.length = 0
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)

    expect((await after(b.cache.getMany(keys))).size).toBe(20)
    expect(b.calls.filter((call) => call === 'generations')).toHaveLength(1)
    await after(a.cache.invalidateTag('t1'))
    expect((await after(b.cache.getMany(keys))).size).toBe(13)
  })

  it('ask for 500 tags at a time, because a script holds up the server', async () => {
    const keys = Array.from({ length: 1200 }, (_, index) => `k${index}`)
    for (const key of keys) await after(a.cache.set(key, key, { tags: [`tag of ${key}`] }))
    b.calls.length = 0

    expect((await after(b.cache.getMany(keys))).size).toBe(1200)
    expect(b.calls.filter((call) => call === 'generations')).toHaveLength(3)
  })

  it('see elsewhere in one message what was invalidated here, however many entries that is', async () => {
    for (let index = 0; index < 20; index++) await after(a.cache.set(`k${index}`, 'old', TAGGED))
    for (let index = 0; index < 20; index++) await after(b.cache.get(`k${index}`))
    a.calls.length = 0

    expect(await after(a.cache.invalidateTag('t'))).toMatchObject({ l1: 'acked', l2: 'acked' })
    expect(a.calls).toEqual(['invalidateTags'])
    for (let index = 0; index < 20; index++) {
      expect(await after(a.cache.get(`k${index}`))).toBeUndefined()
      expect(await after(b.cache.get(`k${index}`))).toBeUndefined()
    }
  })

  it('a record read overtaken by an invalidation of its tag is not believed', async () => {
    await load(a, 'old')
    const open = b.hold('generations')
    const reading = b.cache.get('key')
    await loop.runUntil(loop.now() + 50)
    expect(b.calls).toContain('generations')
    await after(a.cache.invalidateTag('t'))
    open()
    await after(reading)

    // The heartbeat of the next second could not help: the table of b must not hold what was read.
    expect(await after(b.cache.get('key'))).toBeUndefined()
    expect(await load(b, 'new')).toBe('new')
    expect(await after(a.cache.get('key'))).toBe('new')
  })

  it('a queued tag whose record still reads old is taken for invalidated', async () => {
    await load(a, 'old')
    a.isCutOff = true
    expect(await after(a.cache.invalidateTag('t'))).toMatchObject({ l1: 'acked', l2: 'queued', token: '?' })
    a.isCutOff = false
    const open = a.hold('invalidateTags')

    // The server still shows the old generation, and a may ask it.
    expect(await after(b.cache.get('key'))).toBe('old')
    expect(await after(a.cache.get('key'))).toBeUndefined()
    expect(await load(a, 'new')).toBe('new')

    open()
    await loop.runUntil(loop.now() + 2_000)
    expect(a.store.isTagQueued('t')).toBe(false)
    expect(await after(b.cache.get('key'))).toBeUndefined()
  })

  it('a queued tag is no former one for a call before its replay, whatever the server had', async () => {
    await load(a, 'old')
    a.isCutOff = true
    expect(await after(a.cache.invalidateTag('t'))).toMatchObject({ l2: 'queued' })
    a.isCutOff = false
    const open = a.hold('read')
    const reading = a.cache.get('key')
    await loop.runUntil(loop.now() + 2_000)
    expect(a.store.isTagQueued('t')).toBe(false)

    open()
    expect(await after(reading)).toBeUndefined()
  })

  it('two nodes creating one missing generation load at most once more', async () => {
    await load(a, 'first')
    await load(b, 'first')
    server.evict(() => 't:t')
    let loads = 0
    for (let round = 0; round < 5; round++) {
      for (const node of [a, b]) {
        await after(node.cache.getOrSet('key', () => `load ${++loads}`, TAGGED))
        await after(node.cache.getOrSet(`other ${round}`, () => ++loads, TAGGED))
      }
    }

    // One for each of the other keys; for the key itself at most one.
    expect(loads).toBeLessThanOrEqual(5 + 1)
  })

  it('let a reader with a token pass by what this node has not heard of', async () => {
    await load(a, 'old')
    await after(a.cache.set('plain', 'old'))
    await after(b.cache.getMany(['key', 'plain']))
    b.isDeaf = true
    const tag = await after(a.cache.invalidateTag('t'))
    const key = await after(a.cache.invalidate('plain'))

    expect(await after(b.cache.getMany(['key', 'plain']))).toEqual(
      new Map([
        ['key', 'old'],
        ['plain', 'old'],
      ]),
    )
    expect(await after(b.cache.get('key', { after: tag.token }))).toBeUndefined()
    expect(await after(b.cache.get('plain', { after: key.token }))).toBeUndefined()
    const both = { after: mergeTokens(tag.token, key.token) }
    expect(await after(b.cache.getMany(['key', 'plain'], both))).toEqual(new Map())
    expect(await after(b.cache.getOrSet('key', () => 'new', { ...TAGGED, ...both }))).toBe('new')
  })

  it('keep a reader with a token off a load that began before the invalidation', async () => {
    await after(b.cache.get('plain'))
    b.isDeaf = true
    const gate = deferred()
    const early = b.cache.getOrSet('plain', async () => {
      await gate.promise
      return 'old'
    })
    await loop.runUntil(loop.now() + 20)
    const { token } = await after(a.cache.invalidate('plain'))
    const late = b.cache.getOrSet('plain', () => 'new', { after: token })

    expect(await after(late)).toBe('new')
    gate.resolve()
    expect(await after(early)).toBe('old')
    expect(await after(b.cache.get('plain', { after: token }))).toBe('new')
  })

  it.each(['', '?', 'of another cache', '!tags/1/x/1,', 'a/1/%/1', '0/99/other/0'])(
    'take any text for a token, such as %o',
    async (token) => {
      await load(a, 'value')

      a.calls.length = 0
      expect(await after(a.cache.get('key', { after: token }))).toBe('value')
      expect(a.calls.includes('read')).toBe(token !== '')
    },
  )
})
