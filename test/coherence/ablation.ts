import type { Faults } from '../../src/testing/simulation/network.ts'
import type { Traffic } from '../../src/testing/simulation/traffic.ts'
import { World, type WorldOptions } from '../../src/testing/simulation/world.ts'

type Method = (this: never, ...args: never[]) => unknown

/** Replaces a method for the time of a test: how a rule is switched off; the product has no switch. */
export function replaceMethod<C extends object>(
  prototype: C,
  name: keyof C & string,
  make: (original: Method) => Method,
): () => void {
  const original = Reflect.get(prototype, name) as Method
  Object.defineProperty(prototype, name, { value: make(original), configurable: true, writable: true })
  return () => {
    Object.defineProperty(prototype, name, { value: original, configurable: true, writable: true })
  }
}

// Invalidations of tags more than anything else: sets and shorter ends would hide what one of them misses.
const OF_TAGS: Traffic = {
  changes: ['delete', 'delete', 'take', 'prefix', 'many', 'tag', 'tag', 'tag', 'clear'],
}

/** The invariants that the first seed with a violation breaks; none within `seeds`: an empty list. */
export async function firstViolations(
  faults: Faults,
  seeds: number,
  world: Partial<WorldOptions> = {},
): Promise<readonly string[]> {
  for (let seed = 1; seed <= seeds; seed++) {
    for (const policy of ['strict', 'available'] as const) {
      const { violations } = await new World({ seed, faults, policy, traffic: OF_TAGS, ...world }).run()
      if (violations.length > 0) return [...new Set(violations.map(({ invariant }) => invariant))]
    }
  }
  return []
}
