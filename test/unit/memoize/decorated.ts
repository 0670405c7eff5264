// Compiled and run in both forms of decorators; see decorators.test.ts. Imports types alone, for that reason.
import type { BaseCache } from '../../../src/index.ts'
import type * as library from '../../../src/memoize/index.ts'

type Library = typeof library

export interface User {
  readonly id: number
  readonly name: string
}

/** A class with methods that are decorated in every way. */
export function define({ Cached, Invalidates, loadContext }: Library, shared: BaseCache) {
  class Users {
    readonly calls: string[] = []
    readonly tenant: string
    private readonly cache: BaseCache
    readonly #hidden: BaseCache

    constructor(cache: BaseCache, tenant = 'one') {
      this.cache = cache
      this.#hidden = cache
      this.tenant = tenant
    }

    @Cached({ cache: (self) => self.cache, key: 'user:{0}', tags: ['users', 'user-tag:{0}'], ttl: '30m' })
    async find(id: number): Promise<User> {
      this.calls.push(`find ${id}`)
      return { id, name: `user ${id} of ${this.tenant}` }
    }

    @Cached({
      cache: (self) => self.#hidden,
      key: '{this.tenant}:by:{0.team.id}:{1}',
      ttl: (_, ttl) => ttl ?? 60,
    })
    async inTeam(filter: { readonly team: { readonly id: string } }, ttl?: number): Promise<string> {
      this.calls.push(`inTeam ${filter.team.id} ${ttl}`)
      return this.tenant
    }

    @Cached({ cache: (self) => self.cache, name: 'users:search' })
    async search<Text extends string>(text: Text, limit = 10): Promise<readonly [Text, number]> {
      this.calls.push(`search ${text} ${limit}`)
      return [text, limit]
    }

    @Cached({
      cache: async (self) => self.cache,
      key: (id) => ['context', id],
      tags: (id) => [`even:${id % 2 === 0}`],
    })
    async keyOfLoad(id: number): Promise<string | undefined> {
      this.calls.push(`keyOfLoad ${id}`)
      await Promise.resolve()
      return loadContext()?.key
    }

    @Invalidates({ cache: (self) => self.cache, keys: ['user:{0}'] })
    async rename(id: number, fail?: Error): Promise<void> {
      this.calls.push(`rename ${id}`)
      if (fail !== undefined) throw fail
    }

    @Invalidates({ cache: (self) => self.cache, keys: ['user:{0}'], when: 'success' })
    async tryToRename(_id: number, fail?: Error): Promise<void> {
      if (fail !== undefined) throw fail
    }

    @Invalidates({
      cache: (self) => self.cache,
      keys: ['user:{0.id}', 'user:{result.heir}'],
      tags: ['user-tag:{result.heir}'],
    })
    async remove(user: { id: number }, heir: number): Promise<{ heir: number }> {
      const { id } = user
      user.id = -1
      return { heir: id === heir ? -1 : heir }
    }

    @Invalidates({ cache: (self) => self.cache, tags: (...ids) => ids.map((id) => `user-tag:${id}`) })
    async touch(...ids: number[]): Promise<number> {
      return ids.length
    }

    @Cached({ cache: shared, name: 'users:count' })
    static async count(): Promise<number> {
      this.counted++
      return this.counted
    }

    static counted = 0
  }
  return Users
}

/** Classes that can't be defined, by what is wrong with them. */
export function misuses(
  { Cached, Invalidates }: Library,
  cache: BaseCache,
): Readonly<Record<string, () => unknown>> {
  const cached = Cached({ cache, name: 'misuse' }) as (...call: unknown[]) => never
  const invalidates = Invalidates({ cache, tags: ['misuse'] }) as (...call: unknown[]) => never
  return {
    'Cached before a getter': () => {
      class Wrong {
        @cached
        get value(): Promise<number> {
          return Promise.resolve(1)
        }
      }
      return Wrong
    },
    'Invalidates before a setter': () => {
      class Wrong {
        @invalidates
        set value(_: number) {}
      }
      return Wrong
    },
    'Cached before a field': () => {
      class Wrong {
        @cached
        load = async (): Promise<number> => 1
      }
      return new Wrong()
    },
    'Cached before a class': () => {
      @cached
      class Wrong {
        readonly value = 1
      }
      return Wrong
    },
  }
}
