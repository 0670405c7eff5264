import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { IN_FULL } from '../../../src/core/remote/operations.ts'
import type { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { describeWithServers } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, setOf, storeOn, valuesOf } from './stores.ts'
import { startServer, type TestServer } from './test-server.ts'

describeWithServers('RedisStore', () => {
  let server: TestServer
  let client: PlainClient
  let store: RedisStore
  const generation = '00112233445566778899aabb'

  beforeAll(async () => {
    server = await startServer()
  })

  afterAll(async () => {
    await server.stop()
  })

  beforeEach(async () => {
    await server.admin.call('FLUSHALL')
    client = new PlainClient(server.port)
    store = storeOn(client)
    return async () => client.close()
  })

  function stored(value: unknown) {
    const admitted = store.admit(value)
    if ('refused' in admitted) throw admitted.refused
    return admitted.stored
  }

  it('stores bare JSON under the prefix and the key', async () => {
    const [result] = await store.write([{ kind: 'set', key: 'a', stored: stored({ n: 1 }), ttlMs: 60_000 }])

    expect(result).toEqual({ ok: true })
    expect(await server.admin.call('GET', 'app:a')).toBe('{"n":1}')
    expect(await server.admin.call('KEYS', '*')).toEqual(['app:a'])
    const found = (await store.read(['a', 'b'])).get('a')!
    expect(store.view(found.stored)).toEqual({ n: 1 })
    expect(found.remainingMs).toBeGreaterThan(50_000)
  })

  it('reads bare values and frames in any order, one or many, as text or as bytes', async () => {
    const values = new Map<string, unknown>([
      ['text', 'ä \u0000 €'],
      ['raw', new Uint8Array([0xff, 0, 0x80, 0xc3])],
      ['record', { id: 1, name: 'é' }],
      ['date', new Date(0)],
      ['graced', 'with grace'],
      ['number', 42],
    ])
    for (const [key, value] of values) {
      const graceMs = key === 'graced' ? 30_000 : undefined
      await store.write([
        { kind: 'set', key, stored: stored(value), ttlMs: 60_000, ...(graceMs && { graceMs }) },
      ])
    }
    const keys = [...values.keys(), 'missing']
    const few = fc.subarray(keys, { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(fc.array(few, { minLength: 1, maxLength: 6 }), async (reads) => {
        const fresh = storeOn(client)
        for (const read of reads) {
          const found = await fresh.readMany(read)
          const inFull = await fresh.read(read)
          const entries = found.map((entry, at) => (entry === IN_FULL ? inFull.get(read[at]!) : entry))
          expect(entries.map((entry) => entry && fresh.view(entry.stored))).toEqual(
            read.map((key) => values.get(key)),
          )
        }
      }),
      { numRuns: 200 },
    )
  })

  it('keeps generations, grace and row version in a frame', async () => {
    const generations = [{ tag: 'users', value: generation }]
    const entry = { ttlMs: 60_000, graceMs: 30_000, rowVersion: 7n, generations }
    await store.write([{ kind: 'set', key: 'a', stored: stored('x'), ...entry }])

    const found = (await store.read(['a'])).get('a')!
    expect(found).toMatchObject({ generations, graceMs: 30_000, rowVersion: 7n })
    expect(found.remainingMs).toBeGreaterThan(80_000)
    expect(store.view(found.stored)).toBe('x')
    expect(await store.write([{ kind: 'delete', key: 'a' }])).toEqual([
      { ok: true, generations, graceMs: 30_000 },
    ])
  })

  it('grants a lease once, fills under it, and logs what is followed', async () => {
    const head = (await store.sync('0', undefined, EPOCH)).head
    expect(head).toEqual({ epoch: EPOCH, counter: 0, stamp: '' })
    expect(
      await store.acquire(
        [
          { key: 'a', token: 't1' },
          { key: 'a', token: 't2' },
        ],
        5000,
      ),
    ).toEqual(['granted', 'busy'])
    const fill = { kind: 'fill', key: 'a', stored: stored(1), ttlMs: Infinity } as const
    expect(
      await store.write([
        { ...fill, token: 't2' },
        { ...fill, token: 't1' },
      ]),
    ).toEqual([{ ok: false }, { ok: true, head, logged: false }])
    const [set] = await store.write([{ kind: 'set', key: 'a', stored: stored(2), ttlMs: 1000 }])
    expect(set).toMatchObject({ ok: true, logged: true, head: { counter: 1 } })
    const reply = await store.sync('0', head, head.epoch)
    expect(reply).toEqual({
      head: set!.head,
      entries: [{ counter: 1, stamp: set!.head!.stamp, previous: '', kind: 'key', item: 'a' }],
    })
    expect(await store.heads()).toEqual(new Map([['0', set!.head]]))
  })

  it('counts, bare and in a frame', async () => {
    const bare = { kind: 'increment', key: 'n', by: 2, ttlMs: 60_000 } as const
    expect(await store.write([bare, bare])).toEqual([
      { ok: true, number: 2 },
      { ok: true, number: 4 },
    ])
    expect(await server.admin.call('GET', 'app:n')).toBe('4')
    const generations = [{ tag: '!ns:x', value: generation }]
    expect(await store.write([{ ...bare, generations }])).toEqual([{ ok: false, differs: true }])
    const framed = { ...bare, key: 'm', generations }
    expect(await store.write([framed, framed])).toEqual([
      { ok: true, number: 2 },
      { ok: true, number: 4 },
    ])
    const found = (await store.read(['m'])).get('m')!
    expect(store.view(found.stored)).toBe(4)
    expect(found.generations).toEqual(generations)
  })

  it('deletes by prefix and logs it', async () => {
    await store.sync('0', undefined, EPOCH)
    for (const key of ['u:1', 'u:2', 'v:1'])
      await store.write([{ kind: 'set', key, stored: stored(1), ttlMs: 1000 }])
    await store.acquire([{ key: 'u:3', token: 't' }], 5000)
    const { count, heads } = await store.deleteByPrefix('u:')
    expect(count).toBe(2)
    expect(heads.get('0')!.counter).toBe(4)
    expect(await server.admin.call('KEYS', '*')).toEqual(
      expect.arrayContaining(['app:v:1', 'app:!sequence:0', 'app:!log:0']),
    )
    expect(await server.admin.call('DBSIZE')).toBe(3)
  })

  it('is born with the time of the server, or above what is known of older epochs', async () => {
    const before = Date.now()
    const { epoch } = (await store.sync('0', undefined, { ordinal: 7, random: 'r' })).head
    expect(epoch.ordinal).toBeGreaterThanOrEqual(before)
    expect(epoch.ordinal).toBeLessThanOrEqual(Date.now())
    expect(epoch).toEqual({ ordinal: epoch.ordinal, random: 'r', birth: epoch.ordinal })
    const rotated = { ordinal: epoch.ordinal + 1, random: 'x' }
    expect(await store.rotate('0', epoch, rotated)).toMatchObject({
      won: true,
      head: { epoch: { ...rotated, birth: epoch.ordinal } },
    })
    await server.admin.call('DEL', 'app:!sequence:0')
    const later = (await store.sync('0', undefined, { ordinal: 1e14, random: 'y' })).head
    expect(later.epoch).toEqual({ ordinal: 1e14, random: 'y', birth: 1e14 })
  })

  it('answers no entries when the log does not reach back', async () => {
    const small = storeOn(client, { logLimit: 6 })
    const { head } = await small.sync('0', undefined, EPOCH)
    for (let count = 0; count < 3; count++) await small.write([setOf(small, 'a', 1)])
    expect((await small.sync('0', head, EPOCH)).entries.map(({ counter }) => counter)).toEqual([1, 2, 3])
    await small.write([setOf(small, 'a', 1)])
    expect(await small.sync('0', head, EPOCH)).toMatchObject({ head: { counter: 4 }, entries: [] })
  })

  it('replays what the log has lost, and nothing that it may have had', async () => {
    const small = storeOn(client, { logLimit: 6 })
    await small.sync('0', undefined, EPOCH)
    for (const key of ['a', 'b', 'c', 'd', 'e']) await small.write([setOf(small, key, 1)])
    const { head } = await small.sync('0', undefined, EPOCH)
    expect(head.counter).toBe(5)
    const replayed = async (counter: number, stamp: string): Promise<boolean> => {
      const entry = { kind: 'key', item: 'a', stamp, counter } as const
      const after = await small.replay('0', EPOCH, [entry])
      const isDone = (await valuesOf(small, ['a']))['a'] === undefined
      expect(after!.counter > head.counter).toBe(isDone)
      return isDone
    }
    expect(await replayed(2, 'older than the log')).toBe(false)
    expect(await replayed(5, head.stamp)).toBe(false)
    expect(await replayed(3, 'of another history')).toBe(true)
  })

  it('replays what is beyond the head of the log, once', async () => {
    await store.sync('0', undefined, EPOCH)
    await store.write([setOf(store, 'a', 1)])
    const lost = { kind: 'key', item: 'a', stamp: 'lost', counter: 2 } as const
    expect(await store.replay('0', EPOCH, [lost])).toMatchObject({ counter: 2 })
    expect(await valuesOf(store, ['a'])).toEqual({})
    await store.write([setOf(store, 'a', 2)])
    expect(await store.replay('0', EPOCH, [lost])).toMatchObject({ counter: 3 })
    expect(await valuesOf(store, ['a'])).toEqual({ a: 2 })
  })

  it('replays nothing of a log that is gone', async () => {
    await store.sync('0', undefined, EPOCH)
    await store.write([setOf(store, 'a', 1), setOf(store, 'b', 1)])
    await server.admin.call('DEL', 'app:!log:0')
    await store.replay('0', EPOCH, [{ kind: 'key', item: 'a', stamp: 'unknown', counter: 1 }])
    expect(await valuesOf(store, ['a'])).toEqual({ a: 1 })
  })

  it('renews sequence and log at each write that is logged', async () => {
    await store.sync('0', undefined, EPOCH)
    await store.write([setOf(store, 'a', 1)])
    for (const name of ['app:!sequence:0', 'app:!log:0']) await server.admin.call('PEXPIRE', name, '5000')
    await store.write([setOf(store, 'a', 2)])
    for (const name of ['app:!sequence:0', 'app:!log:0'])
      expect(await server.admin.call('PTTL', name)).toBeGreaterThan(86_000_000)
  })

  it('renews what is used: logs at each sync, records for as long as they are needed', async () => {
    const day = 86_400_000
    await store.sync('0', undefined, EPOCH)
    await store.write([{ kind: 'set', key: 'a', stored: stored(1), ttlMs: 1000 }])
    for (const name of ['app:!sequence:0', 'app:!log:0']) await server.admin.call('PEXPIRE', name, '5000')
    await store.sync('0', undefined, EPOCH)
    const days = async (name: string) => ((await server.admin.call('PTTL', name)) as number) / day
    expect(await days('app:!sequence:0')).toBeGreaterThan(0.99)
    expect(await days('app:!log:0')).toBeGreaterThan(0.99)

    const lives = async (...livesMs: readonly number[]) => {
      const tags = ['short', 'long', 'endless'].slice(0, livesMs.length)
      const records = await store.generations(
        tags,
        tags.map(() => generation),
        livesMs,
      )
      return records.map(({ remainingMs }) => Math.round(remainingMs / day))
    }
    expect(await lives(day, 10 * day, Infinity)).toEqual([1, 10, Infinity])
    expect(await lives(3 * day, 2 * day, day)).toEqual([3, 10, Infinity])
    expect(await lives(Infinity)).toEqual([Infinity])
    expect(await server.admin.call('PTTL', 'app:!tag:short')).toBe(-1)
    expect(await server.admin.call('PTTL', 'app:!tag:long')).toBeGreaterThan(9.9 * day)
  })

  it('keeps the record of a tag that was made stale, and not for long one that was invalidated', async () => {
    const day = 86_400_000
    const left = async (tag: string) => server.admin.call('PTTL', `app:!tag:${tag}`)
    const other = generation.replace(/^./, 'f')
    await store.generations(
      ['soft', 'hard', 'endless'],
      [generation, generation, generation],
      [day, day, Infinity],
    )
    await store.invalidateTags(['soft', 'endless'], [other, other], { keepStale: true })
    await store.invalidateTags(['hard'], [other])
    expect(await left('soft')).toBeGreaterThan(0.9 * day)
    expect(await left('endless')).toBe(-1)
    expect(await left('hard')).toBeLessThanOrEqual(60_000)
    expect(await left('hard')).toBeGreaterThan(0)
  })

  it('takes a record that can not be read for none, and counts it', async () => {
    const texts = ['', 'junk', 'zz'.repeat(12), `${generation} 1`, `${generation}x`, `${generation} a b c`]
    const other = generation.replace(/^./, 'f')
    for (const text of texts) {
      await server.admin.call('SET', 'app:!tag:t', text)
      const [record] = await store.generations(['t'], [other], [60_000])
      expect(record).toMatchObject({ value: other })
      expect(await store.generations(['t'], [generation], [60_000])).toMatchObject([{ value: other }])
    }
    await server.admin.call('DEL', 'app:!tag:t')
    await server.admin.call('RPUSH', 'app:!tag:t', 'junk')
    expect(await store.generations(['t'], [other], [60_000])).toMatchObject([{ value: other }])
    for (const keepStale of [false, true]) {
      await server.admin.call('DEL', 'app:!tag:t')
      await server.admin.call('RPUSH', 'app:!tag:t', 'junk')
      await store.invalidateTags(['t'], [generation], { keepStale })
      expect(await store.generations(['t'], [other], [60_000])).toMatchObject([{ value: generation }])
    }
    expect(store.unreadable).toBe(texts.length + 1)
  })
})
