// A GraphQL application of Nest on each engine, and while the server is away.
import { CachetteModule } from 'cachette/nestjs'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'
import { startGraphql } from './graphql-app.ts'

describe('a GraphQL application', () => {
  onEachEngine(({ make }) => {
    const begin = async () => startGraphql(CachetteModule.forRoot({ cache: await make() }))

    it('caches, puts and invalidates by the decorators of resolvers and services', async () => {
      const { authors, ask } = await begin()
      const seen = async () => (await ask('{ author(id: 7) { name books } }')).data?.['author']
      expect(await seen()).toEqual({ name: 'Ada', books: 1 })
      expect(await seen()).toEqual({ name: 'Ada', books: 1 })
      expect(authors.queries).toBe(1)

      await ask('mutation { rename(id: 7, name: "Bo") { id } }')
      expect(await seen()).toEqual({ name: 'Bo', books: 1 })
      await ask('mutation { put(id: 7, name: "Cy") { id } }')
      await ask('mutation { publish }')
      expect(await seen()).toEqual({ name: 'Cy', books: 2 })
      expect(authors.queries).toBe(2)
    })

    it('keeps only what has a key, with the interceptor of HTTP before every resolver', async () => {
      const { ask } = await begin()
      for (const plain of [1, 2])
        expect(await ask('{ plain motto(text: "a") }')).toEqual({ data: { plain, motto: 'a 1' } })
    })

    it('refuses calls over the limit of a resolver, each key apart', async () => {
      const { ask } = await begin()
      for (let n = 0; n < 2; n++) expect((await ask('{ limited(id: 1) }')).errors).toBeUndefined()
      expect((await ask('{ limited(id: 1) }')).errors).toMatchObject([{ message: 'Too Many Requests' }])
      expect(await ask('{ limited(id: 2) }')).toEqual({ data: { limited: 3 } })
    })
  })

  onServers(({ make, outage }) => {
    it('answers while the server is away, and caches again when it is back', async () => {
      const { authors, ask } = await startGraphql(CachetteModule.forRoot({ cache: await make() }))
      await outage(async () => {
        const query = '{ author(id: 7) { name books } motto(text: "a") limited(id: 1) }'
        expect((await ask(query)).errors).toBeUndefined()
        expect((await ask('mutation { rename(id: 7, name: "Bo") { id } }')).errors).toBeUndefined()
        expect((await ask('{ author(id: 7) { name } }')).data).toEqual({ author: { name: 'Bo' } })
      })
      await until('it caches again', async () => {
        await ask('{ author(id: 8) { name } }')
        const { queries } = authors
        await ask('{ author(id: 8) { name } }')
        return authors.queries === queries
      })
    })
  })
})
