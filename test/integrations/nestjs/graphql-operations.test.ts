// Mutations, fields, subscriptions and refused calls of a GraphQL application, with the real packages.
import { createRequire } from 'node:module'
import { GraphQLSchemaHost } from '@nestjs/graphql'
import { MemoryCache } from 'cachette'
import { Cache, CachetteModule } from 'cachette/nestjs'
import { describe, expect, it } from 'vitest'
import { startGraphql } from './graphql-app.ts'

// The copy of graphql that Nest uses.
const { parse, subscribe } = createRequire(import.meta.url)('graphql') as typeof import('graphql')

const overMemory = async () => {
  const cache = new MemoryCache({ ttl: '1h' })
  return { cache, ...(await startGraphql(CachetteModule.forRoot({ cache }))) }
}

describe('keys', () => {
  it('are made of all arguments', async () => {
    const { ask } = await overMemory()
    const found = async (args: string) => (await ask(`{ found(${args}) }`)).data?.['found']

    expect(await found('text: "a"')).toBe(1)
    expect(await found('text: "a", most: 5')).toBe(2)
    expect(await found('most: 5, text: "a"')).toBe(2)
    expect(await found('text: "a"')).toBe(1)
  })
})

describe('the interceptor', () => {
  it('keeps no answer of a resolver without a key, and sets no header', async () => {
    const { app, ask, send, get } = await overMemory()

    const query = '{ plain author(id: 7) { awards } }'
    expect(await ask(query)).toEqual({ data: { plain: 1, author: { awards: 1 } } })
    expect(await ask(query)).toEqual({ data: { plain: 2, author: { awards: 2 } } })
    expect((await send(query)).headers.has('x-cache')).toBe(false)
    expect(await app.get(Cache).keys()).toEqual([])
    await get('/page')
    expect((await get('/page')).headers.get('x-cache')).toBe('HIT')
  })

  it('keeps the answers of a query by its key, and sets no header', async () => {
    const { ask, send, cache } = await overMemory()

    expect(await ask('{ a: motto(text: "a") b: motto(text: "b") }')).toEqual({ data: { a: 'a 1', b: 'b 2' } })
    expect(await ask('{ a: motto(text: "a") b: motto(text: "b") }')).toEqual({ data: { a: 'a 1', b: 'b 2' } })
    expect(await cache.namespace('nest').ttl('motto:a')).toBeLessThanOrEqual(60)
    expect((await send('{ motto(text: "a") }')).headers.has('x-cache')).toBe(false)
  })

  it('calls each mutation, also one with a key', async () => {
    const { ask } = await overMemory()
    expect(await ask('mutation { a: publish b: publish }')).toEqual({ data: { a: 1, b: 2 } })
  })
})

describe('subscriptions', () => {
  const eventsOf = async ({ app }: Awaited<ReturnType<typeof overMemory>>, field: string) => {
    const { schema } = app.get(GraphQLSchemaHost)
    const answer = await subscribe({ schema, document: parse(`subscription { ${field} }`), contextValue: {} })
    if (!(Symbol.asyncIterator in answer)) return answer.errors?.map(({ message }) => message)
    const events: unknown[] = []
    for await (const { data } of answer) events.push(data?.[field])
    return events
  }

  it('get all events, each its own, also with a key', async () => {
    const running = await overMemory()
    const both = [eventsOf(running, 'ticks'), eventsOf(running, 'ticks')]
    expect(await Promise.all(both)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(running.resolver.calls).toEqual(['ticks', 'ticks'])
    expect(await running.app.get(Cache).keys()).toEqual([])
  })

  it('are limited', async () => {
    const running = await overMemory()
    expect(await eventsOf(running, 'limitedTicks')).toEqual([1])
    expect(await eventsOf(running, 'limitedTicks')).toEqual(['Too Many Requests'])
  })
})

describe('limits', () => {
  it('count by arguments and by the context of the request', async () => {
    const { ask, resolver } = await overMemory()
    const limited = async (id: number) => ask(`{ limited(id: ${id}) }`)

    expect(await limited(1)).toEqual({ data: { limited: 1 } })
    expect(await limited(1)).toEqual({ data: { limited: 2 } })
    const refused = await limited(1)
    expect(refused.errors?.map(({ message }) => message)).toEqual(['Too Many Requests'])
    expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    expect(refused.errors?.[0]?.extensions?.['retryAfterMs']).toBeGreaterThan(50_000)
    expect(await limited(2)).toEqual({ data: { limited: 3 } })
    expect(resolver.calls.length).toBe(3)
  })

  it('without a key are one for all', async () => {
    const { send } = await overMemory()
    expect((await send('mutation { shared }')).body).toBe('{"data":{"shared":1}}\n')
    const refused = await send('mutation { shared }')
    expect(refused.body).toContain('"code":"TOO_MANY_REQUESTS"')
    expect(refused.headers.has('retry-after')).toBe(false)
  })
})
