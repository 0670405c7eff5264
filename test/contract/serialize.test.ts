import { describe, expect, test } from 'vitest'
import { MemoryCache, type Serializer } from '../../src/index.ts'
import { TypeRegistry } from '../../src/serialization/json/registry.ts'
import { failureOf } from '../support/error-of.ts'

class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }
}

describe('the bytes of a cache', () => {
  test('are bare JSON where JSON keeps the value', async () => {
    const bytes = await new MemoryCache().serialize({ id: 7, tags: ['a'] })
    expect(new TextDecoder().decode(bytes)).toBe('{"id":7,"tags":["a"]}')
  })

  test('give back what JSON loses', async () => {
    const cache = new MemoryCache()
    const value = { at: new Date(5), map: new Map([[1n, new Set(['a'])]]), nothing: [undefined, NaN, -0] }
    expect(await cache.deserialize(await cache.serialize(value))).toEqual(value)
    expect(await cache.namespace('user').deserialize(await cache.serialize(value))).toEqual(value)
  })

  test('follow the classes of the cache', async () => {
    const registry = new TypeRegistry()
    registry.register(Money, { encode: ({ cents }) => cents, decode: (cents: number) => new Money(cents) })
    const cache = new MemoryCache({ registry })
    expect(await cache.deserialize(await cache.serialize([new Money(5)]))).toEqual([new Money(5)])
    const refusal = await failureOf(() => new MemoryCache().serialize({ price: new Money(5) }))
    expect(refusal).toMatchObject({ code: 'ERR_CACHE_SERIALIZATION', path: '$.price', kind: 'Money' })
  })

  test('are those of the serializer that was given', async () => {
    const reversed: Serializer = {
      name: 'reversed',
      serialize: (value) => JSON.stringify(value).split('').toReversed().join(''),
      deserialize: (bytes) =>
        JSON.parse(new TextDecoder().decode(bytes).split('').toReversed().join('')) as unknown,
    }
    const cache = new MemoryCache({ serializer: reversed })
    const bytes = await cache.serialize({ a: 1 })
    expect(new TextDecoder().decode(bytes)).toContain('}1:"a"{')
    expect(await cache.deserialize(bytes)).toEqual({ a: 1 })
    expect(await failureOf(() => new MemoryCache().deserialize(bytes))).toMatchObject({
      code: 'ERR_CACHE_SERIALIZATION',
    })
  })

  test('that nobody can read are an error that says so', async () => {
    const failure = await failureOf(() => new MemoryCache().deserialize(Buffer.from('{"half')))
    expect(failure).toMatchObject({ code: 'ERR_CACHE_SERIALIZATION' })
  })

  test.each([
    [{}, 'has no serialize(), deserialize()'],
    [{ serialize: () => '', deserialize: () => 1 }, 'its name undefined is not a string'],
    [null, 'serializer: null'],
  ])('refuse the serializer %o', (serializer, message) => {
    expect(() => new MemoryCache({ serializer: serializer as never })).toThrow(message)
  })
})
