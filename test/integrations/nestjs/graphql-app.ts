// A GraphQL application of Nest: its resolvers use the decorators, and the interceptor is global.
import { Readable } from 'node:stream'
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import { Controller, Get, Inject, type DynamicModule, type ExecutionContext } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import {
  Args,
  Context,
  GqlExecutionContext,
  GraphQLModule,
  Int,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql'
import {
  Cached,
  CacheInterceptor,
  CacheKey,
  CachePut,
  CacheTTL,
  Invalidates,
  RateLimit,
} from 'cachette/nestjs'
import { start } from './app.ts'
import { Author, Authors, Id, Named, Search } from './graphql-model.ts'

/** The key of an answer by the arguments of its query. */
function byText(context: ExecutionContext): string {
  return `motto:${GqlExecutionContext.create(context).getArgs<Search>().text}`
}

/** The resolvers, and the number of their calls. */
@Resolver(() => Author)
export class AuthorResolver {
  readonly calls: string[] = []
  readonly authors: Authors

  constructor(@Inject(Authors) authors: Authors) {
    this.authors = authors
  }

  #count(name: string): number {
    this.calls.push(name)
    return this.calls.filter((one) => one === name).length
  }

  @Query(() => Author)
  async author(@Id() id: string): Promise<Author> {
    this.#count('author')
    return this.authors.find(id)
  }

  @Query(() => Int)
  @Cached({ name: 'found', ttl: '1m' })
  async found(@Args({ type: () => Search }) _search: Search): Promise<number> {
    return this.#count('found')
  }

  @ResolveField(() => Int)
  @Cached({ key: 'books:{0.id}', tags: ['books'] })
  async books(@Parent() _author: Author): Promise<number> {
    return this.#count('books')
  }

  @ResolveField(() => Int)
  awards(): number {
    return this.#count('awards')
  }

  @Mutation(() => Author)
  async rename(@Args({ type: () => Named }) { id, name }: Named): Promise<Author> {
    await this.authors.rename(id, name)
    return this.authors.find(id)
  }

  @Mutation(() => Author)
  @CachePut({ key: 'author:{0.id}', tags: ['authors'], ttl: '30m' })
  async put(@Args({ type: () => Named }) { id, name }: Named): Promise<Author> {
    this.authors.names.set(id, name)
    return { id, name }
  }

  @Mutation(() => Int)
  @Invalidates({ tags: ['books'] })
  @CacheKey('publish')
  async publish(): Promise<number> {
    return this.#count('publish')
  }

  @Query(() => String)
  @CacheKey(byText)
  @CacheTTL(60_000)
  motto(@Args({ type: () => Search }) { text }: Search): string {
    return `${text} ${this.#count('motto')}`
  }

  @Query(() => Int)
  plain(): number {
    return this.#count('plain')
  }

  @Query(() => Int)
  @RateLimit({ limit: 2, window: '1m', algorithm: 'fixed-window', key: (_id, { req }) => `${req.ip} ${_id}` })
  async limited(
    @Id() _id: string,
    @Context() _context: { readonly req: { readonly ip: string } },
  ): Promise<number> {
    return this.#count('limited')
  }

  @Mutation(() => Int)
  @RateLimit({ limit: 1, window: '1m', algorithm: 'fixed-window' })
  async shared(): Promise<number> {
    return this.#count('shared')
  }

  @Subscription(() => Int)
  @CacheKey('ticks')
  async *ticks(): AsyncGenerator<{ ticks: number }> {
    this.#count('ticks')
    for (let ticks = 1; ticks <= 3; ticks++) yield { ticks }
  }

  @Subscription(() => Int)
  @RateLimit({ limit: 1, window: '1m', algorithm: 'fixed-window' })
  async limitedTicks(): Promise<AsyncIterable<{ limitedTicks: number }>> {
    return Readable.from([{ limitedTicks: this.#count('limitedTicks') }])
  }
}

@Controller()
class Pages {
  @Get('page')
  page(): string {
    return 'page'
  }
}

/** An answer of GraphQL. */
export interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly {
    readonly message: string
    readonly extensions?: Readonly<Record<string, unknown>>
  }[]
}

/** Starts the application. */
export async function startGraphql(cache: DynamicModule) {
  const running = await start({
    imports: [
      cache,
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        graphiql: false,
        fieldResolverEnhancers: ['interceptors'],
      }),
    ],
    controllers: [Pages],
    providers: [Authors, AuthorResolver, { provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
  })
  const send = async (query: string) =>
    running.get('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
  const ask = async (query: string) => JSON.parse((await send(query)).body) as GraphqlAnswer
  return {
    ...running,
    send,
    ask,
    resolver: running.app.get(AuthorResolver),
    authors: running.app.get(Authors),
  }
}
