import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithServers } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, namesOn, setOf, storeOn, valuesOf } from './stores.ts'
import { startServer, type TestServer } from './test-server.ts'

const HOSTILE = ['*', '?', '[ab]', '[', ']', '\\', '\\*', '*?[^a-z]\\', 'a*', '**', '\\\\', '[*]']
const FOREIGN = 2_000

describeWithServers('names full of glob characters', () => {
  let server: TestServer
  let client: PlainClient

  beforeAll(async () => {
    server = await startServer()
    client = new PlainClient(server.port)
  })

  afterAll(async () => {
    await client.close()
    await server.stop()
  })

  it.each(HOSTILE)('a prefix %j deletes itself and nothing else', async (hostile) => {
    await server.admin.call('FLUSHALL')
    const foreign = Array.from({ length: FOREIGN }, (_, index) => [`foreign:${index}`, 'x']).flat()
    await server.admin.call('MSET', ...foreign)
    const others = ['a', 'ab', 'b', '', 'x*', '[ab', '\\a'].map((prefix) =>
      storeOn(client, { prefix: `${prefix}:` }),
    )
    for (const other of others) await other.write([setOf(other, '1', 'theirs')])
    const store = storeOn(client, { prefix: `${hostile}:` })
    await store.write([setOf(store, '1', 'own'), setOf(store, '*', 'own')])
    await store.acquire([{ key: '2', token: 't' }], 60_000)
    const present = await server.admin.call('DBSIZE')

    expect(await store.deleteByPrefix('')).toMatchObject({ count: 2 })

    expect(await server.admin.call('DBSIZE')).toBe((present as number) - 3)
    for (const other of others) expect(await valuesOf(other, ['1'])).toEqual({ 1: 'theirs' })
  })

  it.each(HOSTILE)('keys that begin with %j are deleted, others are not', async (hostile) => {
    await server.admin.call('FLUSHALL')
    const store = storeOn(client)
    await store.sync('0', undefined, EPOCH)
    const own = [`${hostile}1`, hostile, `${hostile}${hostile}`]
    const others = ['a', 'b', 'ab', 'abc1', 'x', '-', '^', '.'].filter((key) => !key.startsWith(hostile))
    await store.write([...own, ...others].map((key) => setOf(store, key, key)))
    const scanned = []
    for await (const { key } of store.scan(hostile)) scanned.push(key)

    expect(scanned.toSorted()).toEqual(own.toSorted())
    expect(await store.deleteByPrefix(hostile)).toMatchObject({ count: 3 })

    expect(Object.keys(await valuesOf(store, [...own, ...others])).toSorted()).toEqual(others.toSorted())
  })

  it('an empty prefix of the store spares side keys', async () => {
    await server.admin.call('FLUSHALL')
    const store = storeOn(client, { prefix: '' })
    await store.sync('0', undefined, EPOCH)
    await store.generations(['users'], ['00112233445566778899aabb'], [60_000])
    await store.write([setOf(store, 'a', 1)])

    expect(await store.deleteByPrefix('')).toMatchObject({ count: 1 })

    expect(await namesOn(server.admin)).toEqual(['!log:0', '!sequence:0', '!tag:users'])
  })

  it('a name that is no text is deleted, too, and not listed', async () => {
    await server.admin.call('FLUSHALL')
    const store = storeOn(client)
    await server.admin.call('SET', Buffer.from([...Buffer.from('app:'), 0xff, 0xc1]), 'x')
    for await (const { key } of store.scan('')) expect(key).toBe('never')

    expect(await store.deleteByPrefix('')).toMatchObject({ count: 1 })
    expect(await server.admin.call('DBSIZE')).toBe(0)
  })

  it('walks a large keyspace without KEYS, FLUSHDB or FLUSHALL', async () => {
    await server.admin.call('FLUSHALL')
    await server.admin
      .call('DEBUG', 'POPULATE', '30000', 'foreign', '10')
      .catch(async () =>
        server.admin.call('EVAL', `for i = 1, 30000 do redis.call('SET', 'foreign:' .. i, 'x') end`, '0'),
      )
    const store = storeOn(client)
    await store.write(Array.from({ length: 3_000 }, (_, index) => setOf(store, `u:${index}`, index)))
    await server.admin.call('CONFIG', 'RESETSTAT')

    expect(await store.deleteByPrefix('u:')).toMatchObject({ count: 3_000 })

    const stats = (await server.admin.call('INFO', 'commandstats')) as string
    const used = [...stats.matchAll(/cmdstat_([^:]+):/g)].map(([, name]) => name)
    expect(used).toContain('scan')
    expect(used).toContain('unlink')
    expect(used).not.toContain('keys')
    expect(used.filter((name) => name!.startsWith('flush'))).toEqual([])
    expect(await server.admin.call('DBSIZE')).toBe(30_000)
  })
})
