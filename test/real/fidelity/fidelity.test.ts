import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BaseCache } from 'cachette'
import { differences } from '../../unit/serialization/differences.ts'
import { keptValues, refusedValues, registry } from '../../unit/serialization/values.ts'
import { Peer } from '../../support/peer.ts'
import { ENGINES, openCache, type OpenCache } from '../caches.ts'
import type * as ReaderTasks from './fidelity-reader.ts'
import { CLIENT_NAMES, nativeClient } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

// The fidelity table through a server. Every later reader, in this process or another, gets the value of the loader's
// caller.
const kept = Object.entries(keptValues()).filter(([, { value }]) => value !== undefined)

describeWithServers('values on a server', () => {
  let server: RedisServer
  let reader: Peer<typeof ReaderTasks>

  beforeAll(async () => {
    server = await startRedis()
    reader = new Peer(new URL('fidelity-reader.ts', import.meta.url))
  })
  afterAll(async () => {
    await reader.kill()
    await server.close()
  })

  describe.each(ENGINES)('%s', (engine) => {
    it.each(['node-redis 6', 'ioredis 5'] as const)(
      'are the same at every return, through %s',
      async (client) => {
        const prefix = `${engine}-${client.replaceAll(/\W/g, '')}:`
        await using opened = await openCache(engine, client, server.url, { prefix, registry })
        const { cache } = opened
        const found: string[] = []
        const compare = (name: string, which: string, value: unknown, expected: unknown): void => {
          found.push(...differences(value, expected).map((text) => `${name}, ${which}: ${text}`))
        }
        for (const [name, { value, expected }] of kept) {
          compare(name, 'first', await cache.getOrSet(name, () => value), expected)
          compare(name, 'second', await cache.get(name), expected)
          compare(name, 'third', await cache.getOrSet(name, () => 'loaded again'), expected)
          compare(name, 'of many', (await cache.getMany([name])).get(name), expected)
        }
        // In an entry with tags, it is behind the header of a frame.
        await cache.setMany(
          kept.map(([name, { value }]) => [`tagged ${name}`, value, { tags: ['t'] }] as const),
        )
        for (const [name, { expected }] of kept)
          compare(name, 'tagged', await cache.get(`tagged ${name}`), expected)
        for (const elsewhere of ENGINES) {
          const read = await reader.call.read(elsewhere, client, server.url, prefix)
          expect(read.compared).toBe(2 * kept.length)
          found.push(...read.found)
        }
        expect(found).toEqual([])
      },
    )

    it.each(Object.entries(refusedValues()))(
      'are refused where they can not be the same: %s',
      async (name, { value, path, kind, options }) => {
        const lines: string[] = []
        const log = (details: object): void => void lines.push(inspect(details))
        const logger = { warn: log, error: log }
        await using opened = await openCache(engine, 'node-redis 6', server.url, {
          prefix: `${engine}-refused:`,
          registry,
          logger,
          ...options,
        })
        const { cache } = opened
        await cache.set(name, 'earlier')
        expect(await cache.set(name, value)).toBe(false)
        expect(await cache.get(name)).toBeUndefined()
        expect(await cache.getOrSet(name, () => value)).toBe(value)
        expect(await cache.get(name)).toBeUndefined()
        expect(lines.join('\n')).toContain(path)
        expect(Object.keys(cache.stats().unstorable)).toEqual([kind])
      },
    )
  })
})

describeWithServers('bare values', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  describe.each(ENGINES)('%s', (engine) => {
    it.each(CLIENT_NAMES)('are shared with programs in any language, through %s', async (client) => {
      const prefix = `${engine}-${client.replaceAll(/\W/g, '')}:`
      await using opened = await openCache(engine, client, server.url, { prefix })
      const { cache } = opened
      await readsWhatOthersWrite(cache, server, prefix)
      await writesWhatOthersRead(cache, server, prefix)
      await countsWithOthers(cache, server, prefix)
    })
  })

  it('are written by a library of Redis alone, too', async () => {
    const native = nativeClient('ioredis 5', server.url)
    await using opened: OpenCache = await openCache('redis', 'node-redis 6', server.url, { prefix: 'lib:' })
    await (native.client as object as { set(key: string, value: string): Promise<unknown> }).set(
      'lib:key',
      '{"by":["ioredis"]}',
    )
    expect(await opened.cache.get('key')).toEqual({ by: ['ioredis'] })
    await native.close()
  })
})

async function readsWhatOthersWrite(cache: BaseCache, server: RedisServer, prefix: string): Promise<void> {
  const written = { a: [1, null, 'ä'], b: { c: true } }
  for (const [key, text] of Object.entries({
    object: JSON.stringify(written),
    // A writer of another language may format it so.
    spaced: ' { "a" : [ 1 , null , "\\u00e4" ],\n "b" : { "c" : true } } ',
    number: '-12.5e2',
    text: '"text"',
    nothing: 'null',
  }))
    await server.command('SET', `${prefix}${key}`, text)
  expect(await cache.get('object')).toEqual(written)
  expect(await cache.get('spaced')).toEqual(written)
  expect(await cache.get('number')).toBe(-1250)
  expect(await cache.get('text')).toBe('text')
  expect(await cache.get('nothing')).toBeNull()
}

async function writesWhatOthersRead(cache: BaseCache, server: RedisServer, prefix: string): Promise<void> {
  for (const value of [{ a: [1, null, 'ä'], b: { c: true } }, [], 1, -0.5, true, null]) {
    await cache.set('bare', value, '1h')
    expect(await server.command('GET', `${prefix}bare`)).toBe(JSON.stringify(value))
    await cache.delete('bare')
    await cache.getOrSet('bare', () => value, '1h')
    expect(await server.command('GET', `${prefix}bare`)).toBe(JSON.stringify(value))
  }
  await cache.setMany({ one: { of: 'many' } })
  expect(await server.command('GET', `${prefix}one`)).toBe('{"of":"many"}')
}

async function countsWithOthers(cache: BaseCache, server: RedisServer, prefix: string): Promise<void> {
  await cache.set('count', 41)
  expect(await server.command('GET', `${prefix}count`)).toBe('41')
  expect(await server.command('INCRBY', `${prefix}count`, 1)).toBe(42)
  // Integers are kept in no tier, so counts of other processes are seen at once.
  expect(await cache.get('count')).toBe(42)
  expect(await cache.increment('count', 8)).toBe(50)
  expect(await server.command('GET', `${prefix}count`)).toBe('50')
  expect(await server.command('INCRBY', `${prefix}new`, 7)).toBe(7)
  expect(await cache.increment('new')).toBe(8)
  expect(await cache.getMany(['count', 'new'])).toEqual(
    new Map([
      ['count', 50],
      ['new', 8],
    ]),
  )
}
