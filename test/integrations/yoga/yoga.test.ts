import { useResponseCache as useEnvelopCache, type Cache as EnvelopCache } from '@envelop/response-cache'
import { useResponseCache, type UseResponseCacheParameter } from '@graphql-yoga/plugin-response-cache'
import { MemoryCache, OptionsError, silentLogger, type BaseCache } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { ResponseCache } from 'cachette/yoga'
import type { ExecutionResult } from 'graphql'
import { createSchema, createYoga } from 'graphql-yoga'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

type YogaCache = NonNullable<UseResponseCacheParameter['cache']>

const typeDefs = /* GraphQL */ `
  type User {
    id: ID!
    name: String!
    friends: [User!]!
  }
  type Query {
    user(id: ID!): User!
    users: [User!]!
  }
  type Mutation {
    rename(id: ID!, name: String!): User!
  }
`

/** Serves users, and counts the reads of them. */
function serve(cache: BaseCache) {
  const names = new Map(Array.from({ length: 60 }, (_, id) => [String(id), `user ${id}`]))
  const user = (id: string) => ({ id, name: names.get(id), friends: [] })
  const state = { reads: 0, wait: async (): Promise<void> => undefined }
  const yoga = createYoga({
    logging: false,
    schema: createSchema({
      typeDefs,
      resolvers: {
        Query: {
          user: async (_: unknown, { id }: { id: string }) => {
            state.reads++
            const found = user(id)
            await state.wait()
            return found
          },
          users: () => {
            state.reads++
            return [...names.keys()].map(user)
          },
        },
        Mutation: {
          rename: (_: unknown, { id, name }: { id: string; name: string }) => {
            names.set(id, name)
            return user(id)
          },
        },
      },
    }),
    plugins: [useResponseCache({ session: () => null, cache: new ResponseCache(cache), ttl: 60_000 })],
  })
  const ask = async (query: string): Promise<unknown> => {
    const response = await yoga.fetch('http://test/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    const { data, errors } = (await response.json()) as { data?: unknown; errors?: unknown }
    expect(errors).toBeUndefined()
    return data
  }
  return { ask, state }
}

describe('ResponseCache', () => {
  it('fits Yoga and Envelop without a cast', () => {
    const cache = new MemoryCache()
    expectTypeOf<ResponseCache<ExecutionResult>>().toExtend<EnvelopCache>()
    expect(useEnvelopCache({ session: () => null, cache: new ResponseCache(cache) })).toBeDefined()
    const yogas: YogaCache = new ResponseCache(cache)
    expect(yogas).toBeDefined()
  })

  it('refuses what is no cache', () => {
    expect(() => new ResponseCache({} as BaseCache)).toThrow(OptionsError)
    expect(() => new ResponseCache({} as BaseCache)).toThrow('ResponseCache: cache: {} is not a cache')
  })

  it('counts ttl in milliseconds, Infinity for the default of the cache, and keeps nothing for 0', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, ttl: '1h' })
    const responses = new ResponseCache<ExecutionResult>(cache)
    await responses.set('a', { data: {} }, [], 1500)
    await responses.set('b', { data: {} }, [], Infinity)
    await responses.set('c', { data: {} }, [], 0)
    expect([await cache.ttl('a'), await cache.ttl('b'), await cache.ttl('c')]).toEqual([1.5, 3600, undefined])
  })

  onEachEngine(({ make }) => {
    it('answers from the cache, and anew after a mutation of an entity', async () => {
      const { ask, state } = serve(await make())
      const one = '{ user(id: "1") { id name } }'
      const other = '{ user(id: "2") { id name } }'
      for (let n = 0; n < 3; n++) for (const query of [one, other]) await ask(query)
      expect(state.reads).toBe(2)
      await ask('mutation { rename(id: "1", name: "new") { id name } }')
      expect(await ask(one)).toEqual({ user: { id: '1', name: 'new' } })
      await ask(other)
      expect(state.reads).toBe(3)
    })

    it('invalidates responses of more entities than an entry has tags', async () => {
      const { ask, state } = serve(await make())
      const all = '{ users { id name } }'
      await ask(all)
      await ask(all)
      expect(state.reads).toBe(1)
      await ask('mutation { rename(id: "59", name: "new") { id } }')
      expect(await ask(all)).toMatchObject({ users: expect.arrayContaining([{ id: '59', name: 'new' }]) })
    })

    it('tells apart and invalidates any types, ids and numbers of them', async () => {
      const responses = new ResponseCache<ExecutionResult>(await make())
      const many = Array.from({ length: 40 }, (_, n) => ({ typename: `T${n}`, id: n }))
      await responses.set('few', { data: {} }, [{ typename: 'A', id: 1 }, { typename: 'B' }], 60_000)
      await responses.set(
        'ids',
        { data: {} },
        Array.from({ length: 90 }, (_, id) => ({ typename: 'C', id })),
        60_000,
      )
      await responses.set('types', { data: {} }, many, 60_000)
      const kept = async () =>
        Promise.all(['few', 'ids', 'types'].map(async (id) => (await responses.get(id)) !== undefined))
      await responses.invalidate([])
      expect(await kept()).toEqual([true, true, true])
      // A response of too many types is removed by any invalidation.
      await responses.invalidate([{ typename: 'A', id: 2 }])
      expect(await kept()).toEqual([true, true, false])
      await responses.invalidate([{ typename: 'C', id: 1000 }])
      expect(await kept()).toEqual([true, false, false])
      await responses.invalidate([...many, { typename: 'A', id: '1' }])
      expect(await kept()).toEqual([false, false, false])
    })

    it('does not keep a response whose entity was changed while it was made, in 200 rounds', async () => {
      const { ask, state } = serve(await make())
      const query = '{ user(id: "1") { id name } }'
      let stale = 0
      for (let round = 0; round < 200; round++) {
        let release!: () => void
        const held = new Promise<void>((resolve) => {
          release = resolve
        })
        let reached!: () => void
        const arrived = new Promise<void>((resolve) => {
          reached = resolve
        })
        state.wait = async () => {
          reached()
          await held
        }
        const old = ask(query)
        await arrived
        state.wait = async () => undefined
        await ask(`mutation { rename(id: "1", name: "n${round}") { id } }`)
        release()
        await old
        const now = (await ask(query)) as { user: { name: string } }
        if (now.user.name !== `n${round}`) stale++
        await ask(`mutation { rename(id: "1", name: "m${round}") { id } }`)
      }
      expect(stale).toBe(0)
    })
  })

  it('answers over a cache that is closed, and leaves no rejection behind', async () => {
    const rejected: unknown[] = []
    const note = (error: unknown): void => void rejected.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    const cache = new MemoryCache({ logger: silentLogger })
    const { ask } = serve(cache)
    await ask('{ user(id: "1") { id name } }')
    await cache.close()
    expect(await ask('{ user(id: "1") { id name } }')).toMatchObject({ user: { id: '1' } })
    await ask('mutation { rename(id: "1", name: "new") { id } }')
    await new Promise((resolve) => setImmediate(resolve))
    expect(rejected).toEqual([])
  })

  onServers(({ make, outage }) => {
    it('answers while the server is away, and keeps responses again afterwards', async () => {
      const { ask, state } = serve(await make())
      await ask('{ user(id: "1") { id name } }')
      await outage(async () => {
        for (let id = 2; id < 7; id++)
          expect(await ask(`{ user(id: "${id}") { id name } }`)).toMatchObject({ user: { id: String(id) } })
        await ask('mutation { rename(id: "1", name: "new") { id } }')
      })
      expect(await ask('{ user(id: "1") { id name } }')).toEqual({ user: { id: '1', name: 'new' } })
      await until('responses are kept again', async () => {
        await ask('{ user(id: "9") { id name } }')
        const before = state.reads
        await ask('{ user(id: "9") { id name } }')
        return state.reads === before
      })
    })
  })
})
