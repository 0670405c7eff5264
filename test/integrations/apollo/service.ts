// A GraphQL service over HTTP, by Apollo Server behind a cache, with a REST service behind it.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { RESTDataSource, type DataSourceConfig } from '@apollo/datasource-rest'
import { ApolloServer, type ApolloServerOptionsWithTypeDefs } from '@apollo/server'
import responseCachePlugin from '@apollo/server-plugin-response-cache'
import { startStandaloneServer } from '@apollo/server/standalone'
import type { BaseCache } from 'cachette'
import { ApolloCache } from 'cachette/apollo'
import { onTestFinished } from 'vitest'

const typeDefs = `#graphql
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
    on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  type Query {
    city(name: String!): String! @cacheControl(maxAge: 60)
    greeting: String! @cacheControl(maxAge: 60, scope: PRIVATE)
    weather(city: String!): String!
  }
  type Mutation { rename: String! }
`

class Weather extends RESTDataSource<{ ttl?: number; tags?: string[] }> {
  constructor(url: string, config: DataSourceConfig) {
    super(config)
    this.baseURL = url
  }

  async of(city: string): Promise<string> {
    const { sky } = await this.get<{ sky: string }>('weather', {
      params: { city },
      cacheOptions: { tags: [`city:${city.slice(0, 100)}`] },
    })
    return sky
  }
}

interface Context {
  readonly user: string | undefined
  readonly weather: Weather
}

export interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
  readonly headers: Headers
}

export interface Service {
  /** The counts of resolved fields and of requests to the REST service. */
  readonly calls: { city: number; greeting: number; weather: number }
  /** Lines that Apollo logged at `warn` and `error`. */
  readonly logged: readonly string[]
  /** Held by each resolver of a city. */
  wait: () => Promise<void>
  ask(query: string, user?: string): Promise<Answer>
  /** Asks by the hash of the query and, as clients do if it is unknown, again with its text. */
  askByHash(query: string): Promise<Answer & { readonly known: boolean }>
}

/** Serves until the end of the test. The namespace `apollo` has all entries but the responses, which are in `responses`. */
export async function serve(
  cache: BaseCache,
  options: Pick<ApolloServerOptionsWithTypeDefs<Context>, 'persistedQueries'> = {},
): Promise<Service> {
  const logged: string[] = []
  const log = (line: string): void => void logged.push(line)
  const service = { calls: { city: 0, greeting: 0, weather: 0 }, logged, wait: async (): Promise<void> => {} }
  const origin = await startOrigin(() => {
    service.calls.weather++
  })
  const server = new ApolloServer<Context>({
    ...options,
    typeDefs,
    resolvers: {
      Query: {
        city: async (_, { name }: { name: string }) => {
          service.calls.city++
          await service.wait()
          return `city ${name}`
        },
        greeting: (_, __, { user }) => {
          service.calls.greeting++
          return `hello ${user}`
        },
        weather: async (_, { city }: { city: string }, { weather }) => weather.of(city),
      },
      Mutation: { rename: () => 'renamed' },
    },
    cache: new ApolloCache(cache.namespace('apollo')),
    plugins: [
      responseCachePlugin<Context>({
        cache: new ApolloCache(cache.namespace('responses')),
        sessionId: async ({ contextValue }) => contextValue.user ?? null,
        generateCacheKey: ({ operationName }, data) =>
          `${operationName ?? ''}:${createHash('sha256').update(JSON.stringify(data)).digest('hex')}`,
      }),
    ],
    logger: { debug() {}, info() {}, warn: log, error: log },
    stopOnTerminationSignals: false,
  })
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: async ({ req }) => ({
      user: req.headers.authorization,
      weather: new Weather(origin, { cache: server.cache }),
    }),
  })
  onTestFinished(async () => server.stop())
  const send = async (body: object, user?: string): Promise<Answer> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(user !== undefined && { authorization: user }) },
      body: JSON.stringify(body),
    })
    return { ...((await response.json()) as Omit<Answer, 'headers'>), headers: response.headers }
  }
  return Object.assign(service, {
    ask: async (query: string, user?: string) => send({ query }, user),
    askByHash: async (query: string) => {
      const sha256Hash = createHash('sha256').update(query).digest('hex')
      const extensions = { persistedQuery: { version: 1, sha256Hash } }
      const byHash = await send({ extensions })
      const known = byHash.errors?.[0]?.extensions.code !== 'PERSISTED_QUERY_NOT_FOUND'
      return { ...(known ? byHash : await send({ query, extensions })), known }
    },
  })
}

/** Starts a REST service whose answers are fresh for a minute, until the end of the test. */
async function startOrigin(onRequest: () => void): Promise<string> {
  const origin = createServer((_, response) => {
    onRequest()
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=60' })
    response.end('{"sky":"clear"}')
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    origin.close()
    origin.closeAllConnections()
  })
  const address = origin.address()
  if (address === null || typeof address === 'string') throw new Error('the REST service has no port')
  return `http://127.0.0.1:${address.port}/`
}
