import assert from 'node:assert/strict'
import type { CaseDefinition } from './trial.ts'

interface Nested {
  list: number[]
  map: Map<string, { n: number }>
}

const nested = (): Nested => ({ list: [1], map: new Map([['a', { n: 1 }]]) })

function spoil(value: Nested | undefined): void {
  value!.list.push(2)
  value!.map.get('a')!.n = 2
  value!.map.clear()
}

/** The isolation of values: a change of a caller's value does not affect the cache or other callers. */
export const isolationCases: readonly CaseDefinition[] = [
  {
    name: 'keeps what was set when the caller changes the source',
    async run({ cache }) {
      const source = nested()
      await cache.set('key', source)
      spoil(source)
      assert.deepEqual(await cache.get('key'), nested())
    },
  },
  {
    name: 'keeps what is stored when a reader changes what it got',
    async run({ cache }) {
      await cache.set('key', nested())
      spoil(await cache.get<Nested>('key'))
      spoil((await cache.getMany<Nested>(['key'])).get('key'))
      spoil(await cache.getOrSet<Nested>('key', nested))
      assert.deepEqual(await cache.get('key'), nested())
      assert.deepEqual(await cache.take('key'), nested())
    },
  },
  {
    name: 'keeps what was loaded when the loader or its callers change it',
    async run({ cache }) {
      const source = nested()
      const [first, second] = await Promise.all([
        cache.getOrSet('key', () => source),
        cache.getOrSet('key', () => source),
      ])
      spoil(first)
      assert.deepEqual(second, nested())
      assert.deepEqual(source, nested())
      spoil(source)
      assert.deepEqual(await cache.get('key'), nested())
    },
  },
]
