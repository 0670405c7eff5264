// A GraphQL application of Nest: the decorators on resolvers, and the interceptor of HTTP in front of all of them.
import 'reflect-metadata'
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import { Inject, Injectable, UseInterceptors } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import { Args, GraphQLModule, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql'
import type { BaseCache } from 'cachette'
import {
  Cached,
  CacheInterceptor,
  CacheKey,
  CachePut,
  CachetteModule,
  Invalidates,
  RateLimit,
} from 'cachette/nestjs'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'
import { start } from './app.ts'

interface User {
  readonly id: string
  readonly name: string
}

const typeDefs = `
  type User { id: ID! name: String! friends: Int! }
  type Query { user(id: ID!): User! version: String! popular: [User!]! rare(ip: String!): String! }
  type Mutation { rename(id: ID!, name: String!): String! put(id: ID!, name: String!): User! }
`

@Injectable()
class Users {
  queries = 0
  readonly names = new Map<string, string>()

  @Cached({ key: 'user:{0}', tags: ['users'] })
  async find(id: string): Promise<User> {
    this.queries++
    return { id, name: this.names.get(id) ?? 'nobody' }
  }
}

@Resolver('User')
class UserResolver {
  static calls = { version: 0, popular: 0, friends: 0 }
  readonly #users: Users

  constructor(@Inject(Users) users: Users) {
    this.#users = users
  }

  @Query('user')
  async user(@Args('id') id: string): Promise<User> {
    return this.#users.find(id)
  }

  @Query('version')
  version(): string {
    return `version ${++UserResolver.calls.version}`
  }

  @Query('popular')
  @UseInterceptors(CacheInterceptor)
  @CacheKey('popular')
  async popular(): Promise<readonly User[]> {
    UserResolver.calls.popular++
    return [await this.#users.find('1')]
  }

  @Query('rare')
  @RateLimit({ limit: 2, window: '1h', key: '{0}' })
  async rare(@Args('ip') ip: string): Promise<string> {
    return `for ${ip}`
  }

  @Mutation('rename')
  @Invalidates({ keys: ['user:{0}'] })
  async rename(@Args('id') id: string, @Args('name') name: string): Promise<string> {
    this.#users.names.set(id, name)
    return name
  }

  @Mutation('put')
  @CachePut({ key: 'user:{0}', tags: ['users'] })
  async put(@Args('id') id: string, @Args('name') name: string): Promise<User> {
    this.#users.names.set(id, name)
    return { id, name }
  }

  @ResolveField('friends')
  async friends(@Parent() { name }: User): Promise<number> {
    UserResolver.calls.friends++
    return name.length
  }
}

const NOBODY_TWICE = [{ user: { name: 'nobody' } }, { user: { name: 'nobody' } }]

interface Reply {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: object }[]
}

async function serve(
  cache: BaseCache,
): Promise<{ users: Users; ask(query: string): Promise<Reply & { readonly status: number }> }> {
  UserResolver.calls = { version: 0, popular: 0, friends: 0 }
  const { app, get } = await start({
    imports: [
      CachetteModule.forRoot({ cache, isGlobal: true }),
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, typeDefs }),
    ],
    providers: [Users, UserResolver, { provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
  })
  const ask = async (query: string): Promise<Reply & { readonly status: number }> => {
    const body = JSON.stringify({ query })
    const headers = { 'content-type': 'application/json' }
    const answer = await get('/graphql', { method: 'POST', headers, body })
    return { status: answer.status, ...(JSON.parse(answer.body) as Reply) }
  }
  return { users: app.get(Users), ask }
}

describe('a GraphQL application', () => {
  onEachEngine(({ make }) => {
    it('caches, puts and invalidates by the decorators of resolvers and services', async () => {
      const { users, ask } = await serve(await make())
      const named = async (): Promise<unknown> => (await ask('{ user(id: 1) { name } }')).data
      expect([await named(), await named()]).toEqual(NOBODY_TWICE)
      expect(users.queries).toBe(1)

      await ask('mutation { rename(id: 1, name: "Ann") }')
      expect(await named()).toEqual({ user: { name: 'Ann' } })
      expect((await ask('mutation { put(id: 1, name: "Bo") { name friends } }')).data).toEqual({
        put: { name: 'Bo', friends: 2 },
      })
      expect(await named()).toEqual({ user: { name: 'Bo' } })
      expect(users.queries).toBe(2)
    })

    it('keeps only what has a key, with the interceptor of HTTP before every resolver', async () => {
      const { ask } = await serve(await make())
      for (let n = 1; n <= 2; n++)
        expect((await ask('{ version popular { name friends } }')).data).toEqual({
          version: `version ${n}`,
          popular: [{ name: 'nobody', friends: 6 }],
        })
      expect(UserResolver.calls).toEqual({ version: 2, popular: 1, friends: 2 })
    })

    it('refuses calls over the limit of a resolver, each key apart', async () => {
      const { ask } = await serve(await make())
      for (let n = 0; n < 2; n++) expect((await ask('{ rare(ip: "a") }')).errors).toBeUndefined()
      const refused = await ask('{ rare(ip: "a") }')
      expect(refused.errors).toMatchObject([{ message: 'Too Many Requests' }])
      expect((await ask('{ rare(ip: "b") }')).data).toEqual({ rare: 'for b' })
    })
  })

  onServers(({ make, outage }) => {
    it('answers while the server is away, and caches again when it is back', async () => {
      const { users, ask } = await serve(await make())
      const query = '{ user(id: 1) { name } popular { name } rare(ip: "a") }'
      await outage(async () => {
        expect((await ask(query)).errors).toBeUndefined()
        expect((await ask('mutation { rename(id: 1, name: "Ann") }')).errors).toBeUndefined()
        expect((await ask('{ user(id: 1) { name } }')).data).toEqual({ user: { name: 'Ann' } })
      })
      await until('it caches again', async () => {
        await ask('{ user(id: 2) { name } }')
        const { queries } = users
        await ask('{ user(id: 2) { name } }')
        return users.queries === queries
      })
    })
  })
})
