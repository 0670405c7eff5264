import type { RemoteStore } from '../../../../src/core/remote/remote-store.ts'
import type { Store } from '../../../../src/core/store.ts'
import { NO_FAULTS, type Faults } from '../../../../simulator/machine/network.ts'
import type { Rewiring } from '../../../../simulator/world/node.ts'
import type { WorldOptions } from '../../../../simulator/world/world.ts'

/** A rule of coherence, and its switch in the wiring of the simulation, never in the product. */
export interface Ablation {
  readonly rule: string
  readonly without: string
  /** The mix of faults in which it shows soonest. */
  readonly mix: string
  /** A seed that has shown it late in a row. It is played first, which saves most of the time. */
  readonly seed?: number
  /** Further options of the world that shows it; policy `strict` unless given. */
  readonly world?: Partial<WorldOptions>
  /** Settings under which the rule has no effect. */
  readonly settings?: WorldOptions['settings']
  /** Replaces methods of classes for the duration of a run. */
  readonly patch?: () => () => void
  /** The reason why the rule stands, or is to be questioned, although no seed shows a violation without it. */
  readonly unseen?: string
}

/** Replaces a method, and returns a function that restores it. */
export function replaced<C extends { readonly prototype: object }, N extends keyof C['prototype'] & string>(
  type: C,
  name: N,
  make: (original: C['prototype'][N]) => C['prototype'][N],
): () => () => void {
  const prototype = type.prototype as Record<N, C['prototype'][N]>
  return () => {
    const original = prototype[name]
    prototype[name] = make(original)
    return () => {
      prototype[name] = original
    }
  }
}

/** Makes several replacements at once. */
export function all(...patches: readonly (() => () => void)[]): () => () => void {
  return () => {
    const restores = patches.map((patch) => patch())
    return () => {
      for (const restore of restores) restore()
    }
  }
}

/** Returns nodes whose port to the server behaves otherwise in some calls. */
export function overRemote(change: (remote: RemoteStore) => Partial<RemoteStore>): Rewiring {
  return { remote: (remote) => changed(remote, change(remote)) }
}

/** Returns nodes whose store behaves otherwise in some calls. */
export function overStore(change: (store: Store) => Partial<Store>): Rewiring {
  return { store: (store) => changed<Store>(store, change(store)) }
}

function changed<T extends object>(original: T, own: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
}

/** Tells whether code runs within `run`, so synchronous code knows its caller. */
export class During {
  #depth = 0

  get active(): boolean {
    return this.#depth > 0
  }

  run<T>(work: () => T): T {
    this.#depth++
    try {
      return work()
    } finally {
      this.#depth--
    }
  }
}

/** Lines on which answers overtake each other, except for those that come too late. */
export const UNEVEN: Faults = { ...NO_FAULTS, pause: 0.3, pauseMs: [5, 50] }
