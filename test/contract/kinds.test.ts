import { createContext, runInContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { key, MemoryCache, type IsolationOptions } from 'cachette'
import { encryption } from 'cachette/serialization'
import { RedisCache } from 'cachette/redis'
import { startRedis, describeWithServers } from '../real/servers/index.ts'
import { failureOf, thrownBy } from '../support/error-of.ts'
import { onEveryEngine } from '../support/every-engine.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

// One classification of kinds, whatever realm made a value: for values, keys, durations, options and results.
class Settings {
  readonly ttl = '1h'
}

const realm = createContext({})
const foreign = <T>(code: string): T => runInContext(code, realm) as T

onEveryEngine('kinds', ({ make, isShared, command, name }) => {
  it('of another realm are what they are: durations, options, entries, results, values', async () => {
    const cache = await make()
    const inAnHour = foreign<Date>(`new Date(${Date.now() + 3_600_000})`)
    await cache.set('a', 1, inAnHour)
    await cache.set('b', 1, foreign('({ ttl: "1h" })'))
    await cache.set('c', 1, { ttl: inAnHour })
    for (const one of ['a', 'b', 'c']) expect(await cache.ttl(one)).toBeGreaterThan(3500)
    await cache.set('past', 1, foreign<Date>('new Date(0)'))
    expect(await cache.has('past')).toBe(false)

    expect(await cache.setMany(foreign('new Map([["m", 1]])'))).toBe(true)
    const found = await cache.getOrSetMany(['x', 'y'], () =>
      foreign<Map<string, number>>('new Map([["x", 1], ["y", 2]])'),
    )
    expect([...found]).toEqual([
      ['x', 1],
      ['y', 2],
    ])
    const record = await cache.getOrSetMany(['z'], () => foreign<Record<string, number>>('({ z: 3 })'))
    expect(record.get('z')).toBe(3)
    const find = cache.wrap(async (query: object) => JSON.stringify(query), { name: 'find' })
    expect(await find(foreign('({ page: 2 })'))).toBe('{"page":2}')
    expect(find.key(foreign('({ page: 2 })'))).toBe(find.key({ page: 2 }))
    await cache.close()
  })

  it.each([
    ['a promise', Promise.resolve(5)],
    ['a Map', new Map([['ttl', 5]])],
    ['a Set', new Set()],
    ['a RegExp', /x/],
    ['an error', new Error('x')],
    ['a typed array', new Uint8Array(2)],
    ['an instance', new Settings()],
  ])('that are no options are refused by name: %s', async (_, options) => {
    const cache = await make()
    const given = options as never
    for (const call of [
      () => cache.set('k', 1, given),
      () => cache.set('k', 1, { ttl: given }),
      () => cache.getOrSet('k', () => 1, given),
      () => cache.setMany([['k', 1, given]]),
      () => cache.increment('k', 1, given),
      () => cache.get('k', given),
      () => cache.namespace('n', given),
      () => cache.expire('k', given),
    ]) {
      const error = (await failureOf(call)) as Error
      expect(error).toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
      expect(error.message).not.toContain('{}; ')
    }
    await cache.close()
  })

  it('of symbols are dropped', async () => {
    const cache = await make()
    const secret = Symbol('m')
    const value = { id: 1, [secret]: { roles: [] }, inner: { [secret]: 1, b: [2] } }
    const plain = { id: 1, inner: { b: [2] } }
    expect(await cache.getOrSet('k', () => value)).toStrictEqual(plain)
    expect(Object.getOwnPropertySymbols(await cache.get('k'))).toEqual([])
    await cache.set('s', value)
    expect(Reflect.ownKeys((await cache.get<{ inner: object }>('s'))!.inner)).toEqual(['b'])
    await cache.close()
  })

  it('of counters beyond 2^53 are no numbers', async () => {
    if (!isShared || name !== 'redis') return
    const logger = new RecordingLogger()
    const cache = await make({ prefix: 'counters:', logger })
    for (const text of ['9007199254740993', '-9007199254740993', '9223372036854775806', '9007199254740992']) {
      await command('SET', 'counters:n', text)
      const { errors } = cache.stats()
      expect(await cache.increment('n')).toBe(undefined)
      expect(await cache.decrement('n', 10)).toBe(undefined)
      expect(await cache.increment('n', 1, { max: 5 })).toBe(undefined)
      expect(cache.stats().errors).toBe(errors + 3)
      expect(await command('GET', 'counters:n')).toBe(text)
    }
    await command('SET', 'counters:n', '9007199254740993')
    expect(await cache.get('n')).toBe(undefined)
    await cache.set('n', 2 ** 60)
    expect(await cache.get('n')).toBe(2 ** 60)
    await command('SET', 'counters:n', '007')
    expect(await cache.increment('n')).toBe(8)
    await cache.close()
  })

  it('that are stored can be read, and deeper ones are refused', async () => {
    const wraps = [(inner: unknown) => [inner], (inner: unknown) => ({ inner })]
    for (const maxDepth of [1, 2, 3, 500]) {
      const options: IsolationOptions = { maxDepth }
      const cache = await make({ ...options, logger: new RecordingLogger() })
      for (const wrap of wraps)
        for (const leaf of ['x'.repeat(40), new Date(1)])
          for (const levels of [maxDepth - 1, maxDepth, maxDepth + 1]) {
            let value: unknown = leaf
            for (let level = 0; level < levels; level++) value = wrap(value)
            const isKept = levels <= maxDepth
            expect([maxDepth, levels, await cache.set('k', value)]).toEqual([maxDepth, levels, isKept])
            expect(await cache.get('k')).toEqual(isKept ? value : undefined)
          }
      await cache.close()
    }
  })

  it('of bytes that are nested too deep are refused', async () => {
    const cache = await make()
    const deep = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels))
    const objects = (levels: number): Uint8Array =>
      Buffer.from('{"a":'.repeat(levels) + '1' + '}'.repeat(levels))
    for (const bytes of [
      deep(501),
      deep(5_000_000),
      objects(501),
      Buffer.from(`[${'[],'.repeat(900)}${deep(501).toString()}]`),
    ])
      expect(await failureOf(() => cache.deserialize(bytes))).toMatchObject({
        code: 'ERR_CACHE_SERIALIZATION',
        kind: 'limit',
      })
    expect(await cache.deserialize(deep(500))).toBeInstanceOf(Array)
    // Text is no level, whatever characters it ends with.
    const brackets = { path: 'C:\\', quoted: '\\"', text: '['.repeat(1200) }
    expect(await cache.deserialize(Buffer.from(JSON.stringify(brackets)))).toEqual(brackets)
    expect(await cache.deserialize(Buffer.from(`["${'['.repeat(600)}"]`))).toEqual(['['.repeat(600)])
    await cache.close()
  })
})

describe('keys', () => {
  it('take parts of any length', async () => {
    const cache = new MemoryCache()
    const long = 'x'.repeat(1100)
    for (const built of [
      key('search', long),
      key('search', 'ü'.repeat(700)),
      key('search', 10n ** 900n),
      key('a', ...Array.from({ length: 40 }, (_, index) => `part ${index} of many`)),
      key.fn('svc', 'fn', [long]),
    ]) {
      expect(Buffer.byteLength(built)).toBeLessThan(700)
      expect(await cache.set(built, 1)).toBe(true)
    }
    expect(key('search', long)).not.toBe(key('search', `${long}x`))
    expect(key('search', long)).not.toBe(key('search', [long]))
    expect(key('search', 'short')).toBe('search:short')
    expect(key('n', 10n ** 900n)).toBe(key('n', String(10n ** 900n)))
  })

  it('have a documented depth, and no RangeError', () => {
    let deep: unknown = 1
    for (let level = 0; level < 3000; level++) deep = [deep]
    expect(thrownBy(() => key('k', deep as object))).toMatchObject({
      code: 'ERR_CACHE_KEY',
      message: expect.stringContaining('500 levels'),
    })
  })

  it('are refused when a part throws', () => {
    const thrown = new Error('getter')
    const part = {
      get a(): never {
        throw thrown
      },
    }
    expect(thrownBy(() => key('k', part))).toMatchObject({ code: 'ERR_CACHE_KEY', cause: thrown })
  })
})

describeWithServers('serialize', () => {
  it('uses the format of the store, with its encryption', async () => {
    await using server = await startRedis()
    const secret = { keys: { k1: Buffer.alloc(32, 7) }, current: 'k1' }
    await using cache = await RedisCache.create({
      url: server.url,
      prefix: 'e:',
      ttl: '1h',
      encryption: encryption(secret as never),
    })
    const users = cache.namespace('user')
    await users.set('7', { name: 'Ada' })
    const bytes = await users.serialize({ name: 'Ada' }, { key: '7' })
    expect(Buffer.from(bytes).includes('Ada')).toBe(false)
    expect(await users.deserialize(bytes, { key: '7' })).toEqual({ name: 'Ada' })
    expect(await failureOf(() => users.deserialize(bytes, { key: '8' }))).toMatchObject({ kind: 'cipher' })
    expect(await users.deserialize(await users.serialize(5))).toBe(5)
  })
})
