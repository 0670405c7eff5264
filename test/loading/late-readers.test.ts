// Callers of one moment whose questions to the store are answered at different times, as by a cluster whose slots move.
import { expect, it } from 'vitest'
import { BaseCache, storeFrom } from 'cachette'
import type { Store } from '../../src/core/store.ts'
import { mapPrimitives } from '../support/own-cache.ts'

interface Gate {
  isShut: boolean
  readonly held: (() => void)[]
}

class LateReads extends BaseCache {
  constructor(gate: Gate) {
    super(
      new Proxy<Store>(storeFrom(mapPrimitives()), {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target)
          if (typeof value !== 'function') return value
          const method = value.bind(target) as (...args: unknown[]) => unknown
          if (name !== 'get' && name !== 'read') return method
          return async (...args: unknown[]) => {
            const found = await method(...args)
            if (gate.isShut)
              await new Promise<void>((resolve) => {
                gate.held.push(resolve)
              })
            return found
          }
        },
      }),
    )
  }
}

type Ask = (cache: BaseCache, loader: () => Promise<string>) => Promise<unknown>

const ASKS: Readonly<Record<string, Ask>> = {
  getOrSet: (cache, loader) => cache.getOrSet('k', loader),
  'getOrSet with grace': (cache, loader) => cache.getOrSet('k', loader, { ttl: 60, grace: 60 }),
  getOrSetMany: (cache, loader) => cache.getOrSetMany(['k'], async () => ({ k: await loader() })),
}

it.each(Object.entries(ASKS))(
  'get the one error of the loader, and later ones load anew: %s',
  async (_, ask) => {
    const gate: Gate = { isShut: true, held: [] }
    const cache = new LateReads(gate)
    const letThrough = (count: number): void => {
      for (const answer of gate.held.splice(0, count)) answer()
    }
    const failure = new Error('the database is away')
    let loads = 0
    const fail = async (): Promise<never> => {
      loads++
      throw failure
    }
    const calls = Array.from({ length: 20 }, async () => ask(cache, fail).catch((error: unknown) => error))
    await expect.poll(() => gate.held.length).toBe(20)
    letThrough(10)
    expect(await Promise.all(calls.slice(0, 10))).toEqual(Array.from({ length: 10 }, () => failure))
    // It comes after the failure.
    const later = ask(cache, async () => 'recovered')
    await expect.poll(() => gate.held.length).toBe(11)
    gate.isShut = false
    letThrough(11)
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, () => failure))
    expect(loads).toBe(1)
    const recovered = await later
    expect(recovered instanceof Map ? recovered.get('k') : recovered).toBe('recovered')
  },
)
