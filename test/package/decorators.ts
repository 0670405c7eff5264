// A user's classes, type-checked under every supported TypeScript, with and without `experimentalDecorators`.
import { type BaseCache, MemoryCache } from 'cachette'
import { Cached, Invalidates, loadContext, memoize, type Wrapped } from 'cachette/memoize'

interface User {
  readonly id: number
  readonly name: string
  readonly team?: { readonly id: string }
}

const shared = new MemoryCache()

export class UserService {
  private readonly cache: BaseCache = shared
  readonly #hidden: BaseCache = shared
  readonly tenant = 'one'

  // The class and the arguments need no annotation.
  @Cached({ cache: (self) => self.cache, key: 'user:{0}', tags: ['users', 'user:{0}'], ttl: '30m' })
  async find(id: number): Promise<User> {
    return { id, name: loadContext()?.key ?? '' }
  }

  @Cached({
    cache: (self: UserService) => self.#hidden,
    key: (user) => ['user', user.id],
    ttl: (user) => user.id,
  })
  async save(user: User): Promise<User> {
    return user
  }

  @Cached({ cache: shared, key: '{this.tenant}:{0.team.id}:{1}', tags: (user) => [`team:${user.team?.id}`] })
  async optional(user: User, page?: number): Promise<User[]> {
    return page === undefined ? [user] : []
  }

  @Cached({ cache: (self) => self.cache, key: 'list:{0}:{3}' })
  async rest(...ids: number[]): Promise<number[]> {
    return ids
  }

  @Cached({ cache: () => shared, name: 'users:generic' })
  async generic<T extends string>(text: T): Promise<T> {
    return text
  }

  @Cached({ cache: async () => shared, name: 'users:all' })
  static async all(): Promise<number> {
    return 1
  }

  @Invalidates({
    cache: (self) => self.cache,
    keys: ['user:{0}', 'user:{result.id}'],
    tags: ['team:{result.team.id}', '{this.tenant}'],
  })
  async rename(id: number, name: string): Promise<User> {
    return { id, name }
  }

  @Invalidates({ cache: (self) => self.cache, keys: (id) => [`user:${id.toFixed()}`], when: 'success' })
  async remove(id: number): Promise<void> {
    void id
  }

  // @ts-expect-error there is no second argument
  @Cached({ cache: shared, key: 'user:{1}' })
  async noArgument(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error a user has no idd
  @Cached({ cache: shared, key: 'user:{0.idd}' })
  async noProperty(user: User): Promise<User> {
    return user
  }

  // @ts-expect-error among the tags, too
  @Cached({ cache: shared, name: 'a', tags: ['users', 'team:{0.team.name}'] })
  async noPropertyOfTag(user: User): Promise<User> {
    return user
  }

  // @ts-expect-error the result has no idd
  @Invalidates({ cache: shared, keys: ['user:{result.idd}'] })
  async noPropertyOfResult(user: User): Promise<User> {
    return user
  }

  // @ts-expect-error a function of other arguments
  @Cached({ cache: shared, key: (id: string) => id })
  async otherArguments(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error it would answer a promise
  @Cached({ cache: shared, name: 'sync' })
  sync(id: number): number {
    return id
  }

  // @ts-expect-error the cache of another class
  @Cached({ cache: (self: Map<string, BaseCache>) => self.get('a')!, name: 'other' })
  async otherClass(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error a getter
  @Cached({ cache: shared, name: 'getter' })
  get getter(): Promise<number> {
    return Promise.resolve(1)
  }

  // @ts-expect-error a field
  @Cached({ cache: shared, name: 'field' })
  field = async (): Promise<number> => 1
}

// @ts-expect-error neither name nor key
Cached({ cache: shared })
// @ts-expect-error no such option
Cached({ cache: shared, name: 'a', tll: 5 })

const service = new UserService()
const user: User = await service.find(7)
const same: 'a' = await service.generic('a')
// @ts-expect-error still a number
void service.find('7')

declare function findUser(id: number, options?: { readonly deep: boolean }): Promise<User | null>
declare function overloaded(id: number): Promise<number>
declare function overloaded(id: string): Promise<string>

const find = memoize(findUser, { cache: () => shared, name: 'user', tags: (id) => [`user:${id.toFixed()}`] })
const typed: Wrapped<typeof findUser> = shared.wrap(findUser, { key: (id) => ['user', id] })
const answer: User | null = await find(7, { deep: true })
const again: User | null = await typed.with({ signal: AbortSignal.timeout(1000) })(7)
const fresh: User | null = await typed.refresh(7)
const name: string = find.key(7)
const promised: Promise<number> = shared.wrap((a: number, b: number) => a + b, { name: 'sum' })(1, 2)
const both = shared.wrap(overloaded, { name: 'overloaded' })
const one: number = await both(1)
const text: string = await both('1')
// @ts-expect-error an id is a number
void find('7')
// @ts-expect-error of name and key one is needed
void shared.wrap(findUser, { ttl: '30m' })
// @ts-expect-error not both
void shared.wrap(findUser, { name: 'user', key: () => 'a' })
// @ts-expect-error what it answers is no user
void new MemoryCache<User>().wrap(async () => 'Ada', { name: 'user' })

void [user, same, answer, again, fresh, name, promised, one, text]
