// A call of a random program: data that can be played on every engine, as often as one likes.
import type { BaseCache } from 'cachette'
import type { Pace, Probe } from './probe.ts'

export const SCOPES = ['root', 'ns', 'deep', 'physical'] as const
export type ScopeName = (typeof SCOPES)[number]

/** Text before the keys of a scope, as the first scope would write it. */
export const PATHS: Readonly<Record<ScopeName, string>> = {
  root: '',
  ns: 'ns:v2:',
  deep: 'ns:v2:deep:',
  physical: 'ph:',
}

/** The caches that calls are made on: an engine's cache and namespaces of it. */
export interface Actor {
  readonly scopes: Readonly<Record<ScopeName, BaseCache>>
  /** The token of the last invalidation. */
  token: string
  /** Options that change nothing but where this engine finds a value. */
  readonly detour: (random: number) => object
}

/**
 * `plain`: takes effect in its turn, awaited or not. `load`: may run loaders. `alone`: no other call is under way
 * meanwhile, because its answer is no moment's.
 */
export type Kind = 'plain' | 'load' | 'alone'

/** A call without its place in a program. */
export interface Call {
  readonly method: string
  readonly kind: Kind
  readonly scope: ScopeName
  readonly text: string
  /** The keys that it names, as the first scope would write them. */
  readonly keys: readonly string[]
  /** Whether it may concern keys that it does not name: by tag, by prefix. */
  readonly isWide: boolean
  /** Whether it removes what begins with a text, whatever that is. */
  readonly isPrefix: boolean
  /** Whether it brings a token. */
  readonly isAfter: boolean
  /** Answers what is compared. */
  run(actor: Actor, probe: Probe): Promise<string>
}

/** A call in its place. */
export interface Step extends Call {
  readonly index: number
  readonly caller: 0 | 1
  readonly isAwaited: boolean
  /** The way in which its loaders answer. */
  readonly pace: Pace
  /** Whether loaders that are held go on before it. */
  readonly opens: boolean
  /** Whether the memory of the process is emptied before it, where a server has the values as well. */
  readonly drops: boolean
}

export function scopesOf(cache: BaseCache, name: string): Actor['scopes'] {
  const root = cache.namespace(name, { mode: 'physical' })
  const ns = root.namespace('ns', { keyVersion: 2 })
  return {
    root,
    ns,
    deep: ns.namespace('deep', { tags: ['t1'], ttl: 1000 }),
    physical: root.namespace('ph', { mode: 'physical', grace: '1000s' }),
  }
}
