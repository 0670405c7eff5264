import { NO_TAGS } from '../../keys/tags.ts'
import type { Adds } from './adds.ts'

/** Calls of a key that don't wait for each other: reads, and steps of a counter without bounds, in any order. */
export type Together = 'reads' | 'steps'
/** The kinds of calls. */
export type Kind = 'changes' | Together

/** Calls of a key that later calls come after. */
interface Passing {
  /** By kind: settles when the calls have passed. They were sent, or answered where the server may redirect them. */
  readonly of: Readonly<Partial<Record<Kind, Promise<unknown>>>>
  /** Settles when all of it has passed. */
  readonly last: Promise<unknown>
  readonly tags: Set<string>
  /** The adds that the last call is one of, if it waits. */
  adds?: Adds
}

/** A call of all keys, or tags, that it covers. */
export interface Covering {
  readonly covers: (key: string | undefined, tags: readonly string[]) => boolean
  done: Promise<unknown>
  /** Settles when it is sent; `undefined` = it was. Until then the keys that bear its tags are unknown. */
  unsent: Promise<unknown> | undefined
}

/** The keys, tags and prefixes of a change. */
export interface Target {
  readonly key: string
  /** The tags that the entry will bear. */
  readonly tags?: readonly string[] | undefined
}

const KINDS: readonly Kind[] = ['changes', 'reads', 'steps']

/** The calls that later calls of their keys, tags and prefixes come after. */
export class PassingCalls {
  readonly byKey: Map<string, Passing> = new Map()
  readonly covering: Set<Covering> = new Set()

  /** Returns a promise that settles when a call of these keys and tags may be sent; `undefined` = now. */
  before(
    keys: readonly string[],
    tags: readonly string[] | undefined = NO_TAGS,
    together: Together | undefined,
  ): Promise<unknown> | undefined {
    if (this.byKey.size === 0 && this.covering.size === 0) return undefined
    const before: Promise<unknown>[] = []
    for (const key of keys) {
      const passing = this.byKey.get(key)
      if (passing === undefined) continue
      if (together === undefined) before.push(passing.last)
      else
        for (const kind of KINDS)
          if (kind !== together && passing.of[kind] !== undefined) before.push(passing.of[kind])
    }
    if (this.covering.size > 0) {
      // The calls of a key need not name the tags that it gets from an earlier one.
      const borne = [...tags, ...keys.flatMap((key) => [...(this.byKey.get(key)?.tags ?? NO_TAGS)])]
      for (const { covers, done, unsent } of this.covering) {
        if (covers(undefined, borne) || keys.some((key) => covers(key, NO_TAGS))) before.push(done)
        else if (unsent !== undefined) before.push(unsent)
      }
    }
    return before.length === 0 ? undefined : Promise.all(before)
  }

  /** Returns a promise that settles when all covered calls have passed; `undefined` = there are none. */
  covered(covers: Covering['covers']): Promise<unknown> | undefined {
    if (this.byKey.size === 0 && this.covering.size === 0) return undefined
    const before = [...this.byKey].flatMap(([key, passing]) =>
      covers(key, [...passing.tags]) ? passing.last : [],
    )
    for (const { done } of this.covering) before.push(done)
    return before.length === 0 ? undefined : Promise.all(before)
  }

  /** Notes a call that covers many keys, until it is answered. */
  cover(covering: Covering, answer: PromiseLike<unknown>): void {
    covering.done = settled(answer)
    this.covering.add(covering)
    void covering.done.then(() => this.covering.delete(covering))
  }

  /** Notes a call of keys that later ones come after until it has passed. */
  pass(
    keys: readonly string[],
    tags: readonly string[] | undefined = NO_TAGS,
    passed: Promise<unknown>,
    kind: Kind,
  ): void {
    const last = settled(passed)
    // Keys without other calls under way share one, because a call may have very many keys.
    const alone: Passing = { of: { [kind]: last }, last, tags: new Set(tags) }
    for (const key of keys) {
      const before = this.byKey.get(key)
      if (before === undefined) this.byKey.set(key, alone)
      else if (before !== alone) this.#passAfter(before, key, alone, kind)
    }
    void last.then(() => {
      for (const key of keys) if (this.byKey.get(key) === alone) this.byKey.delete(key)
    })
  }

  #passAfter(before: Passing, key: string, { last, tags }: Passing, kind: Kind): void {
    const sameKind = before.of[kind]
    const passing: Passing = {
      of: { ...before.of, [kind]: sameKind === undefined ? last : Promise.all([sameKind, last]) },
      last: Promise.all([before.last, last]),
      tags: new Set([...before.tags, ...tags]),
    }
    this.byKey.set(key, passing)
    void passing.last.then(() => {
      if (this.byKey.get(key) === passing) this.byKey.delete(key)
    })
  }
}

/** Returns a promise that resolves when the given one has settled. */
export function settled(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => undefined,
    () => undefined,
  )
}
