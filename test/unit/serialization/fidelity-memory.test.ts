import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { MemoryCache } from '../../../src/memory/index.ts'
import { differences } from './differences.ts'
import { keptValues, refusedValues, registry } from './values.ts'

// The fidelity table through a cache: what getOrSet returns first is what every later reader gets.

function cacheWith(options: object = {}): { cache: MemoryCache; lines: string[] } {
  const lines: string[] = []
  const log = (details: object): void => void lines.push(inspect(details))
  return { cache: new MemoryCache({ registry, logger: { warn: log, error: log }, ...options }), lines }
}

const kept = Object.entries(keptValues()).filter(([, { value }]) => value !== undefined)

describe.each(['clone', 'freeze'] as const)('MemoryCache with isolation %s', (isolation) => {
  it.each(kept)(
    'gives %s to the first caller, the second and the third',
    async (_name, { value, expected }) => {
      const { cache } = cacheWith({ isolation })
      const first = await cache.getOrSet('key', () => value)
      expect(differences(first, expected)).toEqual([])
      expect(differences(await cache.get('key'), expected)).toEqual([])
      expect(differences(await cache.getOrSet('key', () => 'loaded again'), expected)).toEqual([])
      await cache.close()
    },
  )
})

describe('MemoryCache', () => {
  it.each(Object.entries(refusedValues()))(
    'does not store %s',
    async (_name, { value, path, kind, options }) => {
      const { cache, lines } = cacheWith(options)
      await cache.set('key', 'earlier')
      expect(await cache.set('key', value)).toBe(false)
      expect(await cache.get('key')).toBeUndefined()
      expect(await cache.getOrSet('key', () => value)).toBe(value)
      expect(await cache.get('key')).toBeUndefined()
      expect(lines.join('\n')).toContain(path)
      expect(Object.keys(cache.stats().unstorable)).toEqual([kind])
      await cache.close()
    },
  )

  it('gives the plain form to the first caller too', async () => {
    class Price {
      readonly cents = 5
    }
    const { cache } = cacheWith({ classes: 'plain' })
    expect(await cache.getOrSet('key', () => new Price())).toStrictEqual({ cents: 5 })
    expect(await cache.get('key')).toStrictEqual({ cents: 5 })
    await cache.close()
  })
})
