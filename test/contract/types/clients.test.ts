import type { Cluster as Ioredis5Cluster, Redis as Ioredis5 } from 'ioredis'
import type { Cluster as Ioredis6Cluster, Redis as Ioredis6 } from 'ioredis6'
import type * as nodeRedis6 from 'redis'
import type * as nodeRedis5 from 'redis5'
import { describe, expectTypeOf, it } from 'vitest'
import type { CreateCacheOptions } from '../../../src/index.ts'
import type { RedisCacheOptions } from '../../../src/redis/index.ts'

type Redis = NonNullable<CreateCacheOptions['redis']>
type Client = NonNullable<RedisCacheOptions['client']>
type Made<Module extends { [K in Name]: (...args: never) => unknown }, Name extends string> = ReturnType<
  Module[Name]
>

// Only checked, never run: the compiler is the judge.
describe('the types of clients', () => {
  it('accept those of node-redis 5 and 6', () => {
    expectTypeOf<Made<typeof nodeRedis5, 'createClient'>>().toExtend<Client & Redis>()
    expectTypeOf<Made<typeof nodeRedis5, 'createCluster'>>().toExtend<Client & Redis>()
    expectTypeOf<Made<typeof nodeRedis5, 'createSentinel'>>().toExtend<Client & Redis>()
    expectTypeOf<Made<typeof nodeRedis6, 'createClient'>>().toExtend<Client & Redis>()
    expectTypeOf<Made<typeof nodeRedis6, 'createCluster'>>().toExtend<Client & Redis>()
    expectTypeOf<Made<typeof nodeRedis6, 'createSentinel'>>().toExtend<Client & Redis>()
  })

  it('accept those of ioredis 5 and 6', () => {
    expectTypeOf<Ioredis5>().toExtend<Client & Redis>()
    expectTypeOf<Ioredis5Cluster>().toExtend<Client & Redis>()
    expectTypeOf<Ioredis6>().toExtend<Client & Redis>()
    expectTypeOf<Ioredis6Cluster>().toExtend<Client & Redis>()
  })

  it('accept a URL or options in place of one where a cache is created', () => {
    expectTypeOf<string>().toExtend<Redis>()
    expectTypeOf<{ url: string; db: number }>().toExtend<Redis>()
    expectTypeOf<{ client: Ioredis5 }>().toExtend<Redis>()
  })

  it('refuse all else', () => {
    expectTypeOf<number>().not.toExtend<Redis>()
    expectTypeOf<boolean>().not.toExtend<Redis>()
    expectTypeOf<{ client: number }>().not.toExtend<Redis>()
    expectTypeOf<number>().not.toExtend<Client>()
    expectTypeOf<string>().not.toExtend<Client>()
    expectTypeOf<object>().not.toExtend<Client>()
    expectTypeOf<Made<typeof nodeRedis6, 'createClientPool'>>().not.toExtend<Client>()
    expectTypeOf<ReturnType<Ioredis5['pipeline']>>().not.toExtend<Client>()
  })
})
