import type { Explanation, StoreExplanation } from '../core/explanation.ts'
import type { Reading, Store } from '../core/store.ts'

/**
 * Explains what a read of a full key would do now, also if the store is in trouble. `name` is the key within the cache.
 */
export async function explain(
  store: Store,
  key: string,
  name: string,
  reading: Reading | undefined,
): Promise<Explanation> {
  const { tiers, underWay } = await (store.explain?.(key, reading) ?? explainPlainly(store, key, reading))
  const serving = tiers.find(({ state }) => state === 'fresh') ?? tiers.find(({ state }) => state === 'stale')
  return {
    key: name,
    outcome: serving === undefined ? 'miss' : (serving.state as 'fresh' | 'stale'),
    servedBy: serving?.tier,
    tiers,
    underWay,
  }
}

// Explains a store of one tier that tells nothing but its entries.
async function explainPlainly(
  store: Store,
  key: string,
  reading: Reading | undefined,
): Promise<StoreExplanation> {
  try {
    const found = (await store.read([key], { ...reading, stale: true })).get(key)
    if (found === undefined) return { tiers: [{ tier: 'l1', state: 'absent' }], underWay: [] }
    const state = found.remainingMs > 0 ? 'fresh' : 'stale'
    return { tiers: [{ tier: 'l1', state, ttl: found.remainingMs / 1_000 }], underWay: [] }
  } catch {
    return { tiers: [{ tier: 'l1', state: 'unavailable' }], underWay: [] }
  }
}
