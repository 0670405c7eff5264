import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SerializationError } from '../../../src/core/errors.ts'
import { IN_FULL } from '../../../src/core/remote/operations.ts'
import type { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { headOf } from '../../support/head-of.ts'
import { describeWithServers } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, GENERATION, admitted, namesOn, setOf, storeOn, valuesOf } from './stores.ts'
import { startServer, type TestServer } from './test-server.ts'

describeWithServers('the Redis store in trouble', () => {
  let server: TestServer
  let client: PlainClient
  let store: RedisStore

  beforeAll(async () => {
    server = await startServer()
    client = new PlainClient(server.port)
    store = storeOn(client)
  })

  afterAll(async () => {
    await client.close()
    await server.stop()
  })

  beforeEach(async () => {
    await server.admin.call('CONFIG', 'SET', 'maxmemory', '0')
    await server.admin.call('FLUSHALL')
  })

  describe('with a server that is full', () => {
    beforeEach(async () => {
      await store.write([setOf(store, 'a', 'old'), setOf(store, 'b', 'old')])
      await store.acquire([{ key: 'c', token: 't' }], 60_000)
      await store.sync('0', undefined, EPOCH)
      await store.sync('!tags', undefined, EPOCH)
      await server.admin.call('CONFIG', 'SET', 'maxmemory', '1')
    })

    it('a set that is refused is an invalidation, and is logged', async () => {
      await store.acquire([{ key: 'd', token: 't' }], 60_000).catch(() => undefined)
      const before = headOf(await store.heads(), '0')

      const results = await store.write([setOf(store, 'a', 'new'), setOf(store, 'd', 'new')])

      expect(results).toMatchObject([
        { ok: false, logged: true, head: { counter: 1 } },
        { ok: false, logged: true, head: { counter: 2 } },
      ])
      expect(await valuesOf(store, ['a', 'b'])).toEqual({ b: 'old' })
      const { entries } = await store.sync('0', before, EPOCH)
      expect(entries.map(({ item }) => item)).toEqual(['a', 'd'])
    })

    it('a fill that is refused ends its lease and is an invalidation', async () => {
      const fill = { kind: 'fill', key: 'c', token: 't', stored: admitted(store, 1), ttlMs: 1000 } as const

      expect(await store.write([fill])).toMatchObject([{ ok: false, logged: true }])
      expect(await store.write([fill])).toEqual([{ ok: false }])
      expect(await store.renew('c', 't', 1000)).toBe(false)
    })

    it('invalidations of every kind are executed and logged', async () => {
      await store.write([{ kind: 'delete', key: 'a', rowVersion: 3n }])
      await store.release([{ key: 'c', token: 't' }], { cooldown: 'no', forMs: 60_000 })
      const tags = await store.invalidateTags(['users'], [GENERATION])
      const { count, heads } = await store.deleteByPrefix('b')

      expect(count).toBe(1)
      expect(tags.heads).toMatchObject([{ counter: 1 }])
      expect(heads.get('0')).toMatchObject({ counter: 2 })
      expect(await store.sync('0', undefined, EPOCH)).toMatchObject({ head: { counter: 2 } })
      expect(await store.rotate('0', EPOCH, { ordinal: 2e14, random: 'r' })).toMatchObject({ won: true })
      expect(await namesOn(server.admin)).toEqual([
        'app:!floor:a',
        'app:!lease:c',
        'app:!log:!tags',
        'app:!log:0',
        'app:!sequence:!tags',
        'app:!sequence:0',
        'app:!tag:users',
      ])
    })

    it('counters and leases are refused by an error, reads go on', async () => {
      const increment = { kind: 'increment', key: 'n', by: 1, ttlMs: 1000 } as const

      expect(String((await store.write([increment]))[0]!.failure)).toMatch(/OOM/)
      await expect(store.acquire([{ key: 'z', token: 't' }], 1000)).rejects.toThrow(/OOM/)
      expect(await store.acquire([{ key: 'a', token: 't' }], 1000)).toMatchObject([
        { remainingMs: expect.any(Number) },
      ])
      expect(await valuesOf(store, ['a'])).toEqual({ a: 'old' })
    })
  })

  describe('with a user who may do little', () => {
    it.each([
      ['no channels and no dangerous commands', ['+@all', '-@dangerous']],
      [
        'only what the store needs',
        [
          '-@all',
          ...'get mget set getdel getrange unlink exists pttl pexpire persist incrby rpush ltrim lrange scan eval evalsha'
            .split(' ')
            .map((name) => `+${name}`),
        ],
      ],
    ])('works with %s', async (_, rights) => {
      await server.admin.call(
        'ACL',
        'SETUSER',
        'app',
        'reset',
        'on',
        '>secret',
        '~app:*',
        'resetchannels',
        ...rights,
      )
      const restricted = new PlainClient(server.port, ['app', 'secret'])
      try {
        const own = storeOn(restricted)
        await own.sync('0', undefined, EPOCH)
        expect(await own.acquire([{ key: 'a', token: 't' }], 60_000)).toEqual(['granted'])
        const fill = { kind: 'fill', key: 'a', token: 't', stored: admitted(own, 1), ttlMs: 60_000 } as const
        expect(await own.write([fill, setOf(own, 'b', 2)])).toMatchObject([
          { ok: true },
          { ok: true, logged: true },
        ])
        expect(await own.write([{ kind: 'increment', key: 'n', by: 1, ttlMs: 60_000 }])).toMatchObject([
          { number: 1 },
        ])
        expect(
          await own.write([
            { kind: 'take', key: 'b' },
            { kind: 'expire', key: 'a', ttlMs: 5_000 },
          ]),
        ).toMatchObject([{ ok: true }, { ok: true }])
        expect(await own.generations(['users'], [GENERATION], [Infinity])).toMatchObject([
          { value: GENERATION, remainingMs: Infinity },
        ])
        await own.invalidateTags(['users'], [GENERATION])
        expect(await own.deleteByPrefix('')).toMatchObject({ count: 2 })
        expect((await own.heads()).get('0')).toMatchObject({ counter: 5 })
      } finally {
        await restricted.close()
      }
    })

    it('keys that the user may not touch make an error, not a result', async () => {
      await server.admin.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~other:*', '+@all')
      const restricted = new PlainClient(server.port, ['app', 'secret'])
      const own = storeOn(restricted)
      expect(String((await own.write([setOf(own, 'a', 1)]))[0]!.failure)).toMatch(/NOPERM/)
      await expect(own.read(['a'])).rejects.toThrow(/NOPERM/)
      await expect(own.deleteByPrefix('')).rejects.toThrow()
      await restricted.close()
    })
  })

  it('goes on after SCRIPT FLUSH, in the middle of a pipeline, too', async () => {
    await store.write([setOf(store, 'a', 1)])
    await server.admin.call('SCRIPT', 'FLUSH')
    const ops = [setOf(store, 'a', 2), { kind: 'delete', key: 'b' }, setOf(store, 'c', 3)] as const

    expect(await store.write(ops)).toEqual([{ ok: true }, { ok: false }, { ok: true }])

    await server.admin.call('SCRIPT', 'FLUSH')
    expect(await valuesOf(store, ['a', 'b', 'c'])).toEqual({ a: 2, c: 3 })
    expect(await store.deleteByPrefix('')).toMatchObject({ count: 2 })
  })

  it('keeps the order of operations when the server knows only some of the scripts', async () => {
    await server.admin.call('SCRIPT', 'FLUSH')
    await store.write([{ kind: 'delete', key: 'z' }])

    await store.write([setOf(store, 'a', 1), { kind: 'delete', key: 'a' }])

    expect(await valuesOf(store, ['a'])).toEqual({})
  })

  it('does not store more than its memory allows by one script', async () => {
    const used = /used_memory:(\d+)/.exec((await server.admin.call('INFO', 'memory')) as string)![1]
    await server.admin.call('CONFIG', 'SET', 'maxmemory', String(Number(used) + 4_000_000))
    const large = 'x'.repeat(400_000)

    const results = await store.write(
      Array.from({ length: 40 }, (_, index) => setOf(store, `k${index}`, large)),
    )

    const stored = results.filter(({ ok }) => ok).length
    expect(stored).toBeGreaterThan(2)
    expect(stored).toBeLessThan(16)
    expect(await server.admin.call('DBSIZE')).toBe(stored)
  })

  it('takes what is no text for a miss, and overwrites it', async () => {
    for (const key of ['a', 'b', 'c']) await server.admin.call('RPUSH', `app:${key}`, 'x')

    expect(await valuesOf(store, ['a'])).toEqual({})
    expect(await valuesOf(store, ['a', 'b', 'z'])).toEqual({})
    expect(await store.readMany(['a'])).toEqual([undefined])
    expect(store.unreadable).toBe(2)
    expect(await store.acquire([{ key: 'a', token: 't' }], 1000)).toEqual(['granted'])
    expect(await store.write([{ kind: 'increment', key: 'a', by: 1, ttlMs: 1000 }])).toEqual([{ ok: false }])
    for await (const { key } of store.scan('')) expect(key).toBe('never')
    expect(
      await store.write([setOf(store, 'a', 1), { kind: 'take', key: 'b' }, { kind: 'delete', key: 'c' }]),
    ).toEqual([{ ok: true }, { ok: false }, { ok: true }])
    expect(await valuesOf(store, ['a', 'b', 'c'])).toEqual({ a: 1 })
  })

  it('finds bytes that can not be read, and says so when they are viewed', async () => {
    const bytes = {
      foreign: 'no json',
      cut: Buffer.from([0xc1, 0x10]),
      strange: Buffer.alloc(60, 0xc1),
      empty: '',
    }
    for (const [key, value] of Object.entries(bytes)) await server.admin.call('SET', `app:${key}`, value)
    for (const key of Object.keys(bytes)) {
      const found = (await store.read([key])).get(key)!
      expect(() => store.view(found.stored)).toThrow(SerializationError)
      expect(await store.write([{ kind: 'increment', key, by: 1, ttlMs: 1000 }])).toEqual([{ ok: false }])
    }
    expect(await store.deleteByPrefix('')).toMatchObject({ count: 4 })
  })

  it('stores what it has read, with other settings', async () => {
    for (const value of ['x', 'long'.repeat(2000), Buffer.from('bytes'), new Date(5), 7]) {
      await store.write([{ ...setOf(store, 'a', value), graceMs: 1000 } as ReturnType<typeof setOf>])
      const { stored } = (await store.read(['a'])).get('a')!
      await store.write([{ kind: 'set', key: 'b', stored, ttlMs: Infinity, rowVersion: 1n }])
      expect(await valuesOf(store, ['b'])).toEqual({ b: value })
      expect((await store.read(['b'])).get('b')).toMatchObject({ remainingMs: Infinity, rowVersion: 1n })
    }
  })

  it('reads bare: tells what has to be read with its time, and asks for times at once from then on', async () => {
    const fresh = storeOn(client)
    await store.write([
      setOf(store, 'a', 1),
      { kind: 'set', key: 'g', stored: admitted(store, 2), ttlMs: 60_000, graceMs: 30_000 },
    ])
    await store.write([{ kind: 'stale', key: 'g' }])
    await server.admin.call('CONFIG', 'RESETSTAT')

    const [bare, graced, none] = await fresh.readMany(['a', 'g', 'none'])

    expect(bare).toMatchObject({ remainingMs: Infinity })
    expect(graced).toBe(IN_FULL)
    expect(none).toBeUndefined()
    const stats = async (): Promise<string> => (await server.admin.call('INFO', 'commandstats')) as string
    expect(await stats()).toMatch(/cmdstat_mget:calls=1,/)
    expect(await stats()).not.toContain('cmdstat_pttl')
    await fresh.read(['g'])
    await fresh.readMany(['a'])
    expect(await stats()).toMatch(/cmdstat_pttl:calls=2,/)
  })
})
