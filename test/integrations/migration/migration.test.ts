// The programs of docs/migration: the old and the new release of one service, over the same server and database.
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { until } from '../../support/until.ts'
import { startRedis, type RedisServer } from '../../real/servers/index.ts'
import * as bentoAfter from './bentocache/after.ts'
import * as bentoBefore from './bentocache/before.ts'
import * as bentoBoth from './bentocache/both.ts'
import * as managerAfter from './cache-manager/after.ts'
import * as managerBefore from './cache-manager/before.ts'
import * as managerBoth from './cache-manager/both.ts'
import type { Database, User, Users } from './database.ts'
import * as ioredisAfter from './ioredis/after.ts'
import * as ioredisBefore from './ioredis/before.ts'
import * as lruAfter from './lru-cache/after.ts'
import * as lruBefore from './lru-cache/before.ts'
import * as nodeCacheAfter from './node-cache/after.ts'
import * as nodeCacheBefore from './node-cache/before.ts'

type Release = (url: string, db: Database) => Promise<Users>

class CountingDatabase implements Database {
  readonly #names = new Map<number, string>(Array.from({ length: 100 }, (_, id) => [id, `name ${id}`]))
  asked = 0

  async find(id: number): Promise<User | undefined> {
    this.asked++
    const name = this.#names.get(id)
    return name === undefined ? undefined : { id, name }
  }

  async rename(id: number, name: string): Promise<void> {
    this.#names.set(id, name)
  }
}

const RELEASES: Readonly<Record<string, Release>> = {
  'ioredis by hand, before': ioredisBefore.users,
  'ioredis by hand, after': ioredisAfter.users,
  'bentocache, before': bentoBefore.users,
  'bentocache, after': bentoAfter.users,
  'bentocache, old release beside': bentoBoth.oldUsers,
  'bentocache, new release beside': bentoBoth.users,
  'cache-manager, before': managerBefore.users,
  'cache-manager, after': managerAfter.users,
  'cache-manager, old release beside': managerBoth.oldUsers,
  'cache-manager, new release beside': managerBoth.users,
  'node-cache, before': nodeCacheBefore.users,
  'node-cache, after': nodeCacheAfter.users,
  'lru-cache, before': lruBefore.users,
  'lru-cache, after': lruAfter.users,
}

describe('the programs of docs/migration', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  async function open(release: Release, db: Database): Promise<Users> {
    const users = await release(server.url, db)
    onTestFinished(async () => users.close())
    return users
  }

  it.each(Object.entries(RELEASES))('do the same: %s', async (name, release) => {
    await server.command('FLUSHALL')
    const db = new CountingDatabase()
    const users = await open(release, db)
    expect(await users.find(7)).toEqual({ id: 7, name: 'name 7' })
    await until('the value to be kept', async () => {
      const { asked } = db
      await users.find(7)
      return db.asked === asked
    })
    await users.rename(7, 'Ada')
    expect(await users.find(7), name).toEqual({ id: 7, name: 'Ada' })
    expect(await users.find(1000)).toBeUndefined()
  })

  it('keep the data of ioredis by hand, both ways', async () => {
    await server.command('FLUSHALL')
    const db = new CountingDatabase()
    const old = await open(ioredisBefore.users, db)
    const young = await open(ioredisAfter.users, db)
    await old.find(7)
    await young.find(8)
    await until('the new value to be stored', async () => (await server.command('EXISTS', 'user:8')) === 1)
    const { asked } = db
    expect(await young.find(7)).toEqual({ id: 7, name: 'name 7' })
    expect(await old.find(8)).toEqual({ id: 8, name: 'name 8' })
    expect(db.asked).toBe(asked)
    expect(Number(await server.command('TTL', 'user:8'))).toBeGreaterThan(500)
  })

  it.each([
    ['ioredis by hand', ioredisBefore.users, ioredisAfter.users],
    ['bentocache', bentoBoth.oldUsers, bentoBoth.users],
    ['cache-manager', managerBoth.oldUsers, managerBoth.users],
  ] as const)('see what the other release has changed: %s', async (_, oldRelease, newRelease) => {
    await server.command('FLUSHALL')
    const db = new CountingDatabase()
    const old = await open(oldRelease, db)
    const young = await open(newRelease, db)
    for (let round = 0; round < 10; round++) {
      await Promise.all([old.find(round), young.find(round)])
      await old.rename(round, `old ${round}`)
      await until('the new release to see it', async () => (await young.find(round))?.name === `old ${round}`)
      await young.rename(round, `new ${round}`)
      await until('the old release to see it', async () => (await old.find(round))?.name === `new ${round}`)
    }
  })

  it.each([
    ['node-cache', nodeCacheBefore.users, nodeCacheAfter.users],
    ['lru-cache', lruBefore.users, lruAfter.users],
  ] as const)(
    'see what they change at once, and within the ttl what the other release has changed: %s',
    async (_, oldRelease, newRelease) => {
      vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
      // lru-cache has kept the object `performance` from before.
      const now = vi.spyOn(performance, 'now').mockImplementation(() => Date.now())
      onTestFinished(() => {
        now.mockRestore()
        vi.useRealTimers()
      })
      const db = new CountingDatabase()
      const old = await open(oldRelease, db)
      const young = await open(newRelease, db)
      await Promise.all([old.find(7), young.find(7)])
      for (const [writer, other] of [
        [old, young],
        [young, old],
      ] as const) {
        const before = (await other.find(7))?.name
        const name = `not ${before}`
        await writer.rename(7, name)
        expect((await writer.find(7))?.name).toBe(name)
        expect((await other.find(7))?.name).toBe(before)
        await vi.advanceTimersByTimeAsync(600_001)
        expect((await other.find(7))?.name).toBe(name)
      }
    },
  )
})
