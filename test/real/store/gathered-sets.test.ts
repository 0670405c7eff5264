import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { RemoteOp } from '../../../src/core/remote/operations.ts'
import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import type { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { describeWithServers } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, admitted, setOf, storeOn, valuesOf } from './stores.ts'
import { startServer, type TestServer } from './test-server.ts'

const KEYS = ['a', 'b', 'c'] as const
const LONG = 'long'.repeat(5_000)

/** A call of a store, with a comparable answer. */
type Step = (store: RemoteStore) => Promise<unknown>

const written =
  (make: (store: RemoteStore) => RemoteOp): Step =>
  async (store) =>
    (await store.write([make(store)]))[0]

const steps: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...KEYS), fc.nat(9)).chain(([key, n]) =>
  fc.oneof(
    { arbitrary: fc.constant(written((store) => setOf(store, key, n))), weight: 6 },
    fc.constant(written((store) => setOf(store, key, `${LONG}${n}`))),
    fc.constant(
      written((store) => ({
        kind: 'set',
        key,
        stored: admitted(store, n),
        ttlMs: 60_000,
        rowVersion: BigInt(n),
      })),
    ),
    fc.constant(written(() => ({ kind: 'delete', key }))),
    fc.constant(written(() => ({ kind: 'increment', key, by: n, ttlMs: 60_000 }))),
    fc.constant<Step>((store) => valuesOf(store, KEYS)),
    fc.constant<Step>(async (store) => (await store.acquire([{ key, token: `t${n}` }], 60_000)).map(String)),
  ),
)

describeWithServers('sets of one turn', () => {
  let server: TestServer
  let client: PlainClient
  let store: RedisStore

  beforeAll(async () => {
    server = await startServer()
    client = new PlainClient(server.port)
    store = storeOn(client)
  })

  afterAll(async () => {
    await client.close()
    await server.stop()
  })

  beforeEach(async () => {
    await server.admin.call('FLUSHALL')
    // The script is known from here on.
    await store.write([setOf(store, 'known', 0)])
    await server.admin.call('CONFIG', 'RESETSTAT')
  })

  const scripts = async (): Promise<string> =>
    /cmdstat_evalsha:calls=(\d+)/.exec((await server.admin.call('INFO', 'commandstats')) as string)?.[1] ??
    '0'

  it('are one script, and each is answered', async () => {
    const results = await Promise.all(KEYS.map(async (key, index) => store.write([setOf(store, key, index)])))

    expect(results).toEqual([[{ ok: true }], [{ ok: true }], [{ ok: true }]])
    expect(await scripts()).toBe('1')
    expect(await valuesOf(store, KEYS)).toEqual({ a: 0, b: 1, c: 2 })
  })

  it('are logged one by one, where somebody follows', async () => {
    await store.sync('0', undefined, EPOCH)

    const results = await Promise.all(KEYS.map(async (key, index) => store.write([setOf(store, key, index)])))

    expect(results).toMatchObject([1, 2, 3].map((counter) => [{ ok: true, head: { counter } }]))
  })

  it('are a hundred at most', async () => {
    await Promise.all(Array.from({ length: 250 }, async (_, n) => store.write([setOf(store, `k${n}`, n)])))

    expect(await scripts()).toBe('3')
  })

  it('wait for no long value', async () => {
    await Promise.all([
      store.write([setOf(store, 'a', 1)]),
      store.write([setOf(store, 'b', LONG)]),
      store.write([setOf(store, 'c', 2)]),
    ])

    expect(await scripts()).toBe('3')
  })

  it('fail together, and no later ones with them', async () => {
    await server.admin.call('CONFIG', 'SET', 'min-replicas-to-write', '1')
    const refused = await Promise.all(KEYS.map(async (key, index) => store.write([setOf(store, key, index)])))
    await server.admin.call('CONFIG', 'SET', 'min-replicas-to-write', '0')

    for (const [result] of refused) expect(String(result!.failure)).toMatch(/NOREPLICAS/)
    expect(await store.write([setOf(store, 'a', 1)])).toEqual([{ ok: true }])
  })

  it('are done in order with all else that is asked in the turn', async () => {
    // A script that the server does not know yet runs after later requests.
    for (const step of fc.sample(steps, 200)) await step(store)
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 2, maxLength: 12 }), async (calls) => {
        await server.admin.call('FLUSHALL')
        const together = await Promise.all(calls.map(async (call) => call(store)))
        const end = await valuesOf(store, KEYS)
        await server.admin.call('FLUSHALL')
        const oneByOne: unknown[] = []
        for (const call of calls) oneByOne.push(await call(store))
        expect(together).toEqual(oneByOne)
        expect(end).toEqual(await valuesOf(store, KEYS))
      }),
      { numRuns: 300 },
    )
  })
})
