import type { Faults } from '../../src/testing/simulation/network.ts'
import { World, type Rewiring } from '../../src/testing/simulation/world.ts'

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

/** The invariants that the first seed with a violation breaks; none within `seeds`: an empty list. */
export async function firstViolations(
  faults: Faults,
  seeds: number,
  rewire: Rewiring = {},
): Promise<readonly string[]> {
  for (let seed = 1; seed <= seeds; seed++) {
    for (const policy of ['strict', 'available'] as const) {
      const { violations } = await new World({ seed, faults, policy, rewire }).run()
      if (violations.length > 0) return [...new Set(violations.map(({ invariant }) => invariant))]
    }
  }
  return []
}
