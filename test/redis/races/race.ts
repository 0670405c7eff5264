// What a race is about: shared by the process that judges and those that run.
import type { ClientName } from '../native-clients.ts'

/** By what the writers invalidate. */
export const INVALIDATIONS = ['key', 'tag', 'namespace', 'prefix', 'rowVersion'] as const
export type InvalidationKind = (typeof INVALIDATIONS)[number]

/** What is left out on purpose, to see that the harness would notice. */
export type Omission =
  | 'none'
  /** A load stores what it read, whatever happened meanwhile. */
  | 'leases'
  /** The generations of an entry are read when its load has ended, instead of before it begins. */
  | 'generations before the load'
  /** A prefix is deleted in one scan over leases and values, instead of two. */
  | 'second scan'

export interface Race {
  readonly engine: 'redis' | 'tiered'
  readonly invalidation: InvalidationKind
  readonly omission: Omission
  /**
   * Whether the readers and writers of a process use one cache, and so share its loads: who joins a load is told what
   * it read, if the server has accepted that. Else each has a cache of its own.
   */
  readonly sharesLoads: boolean
  readonly client: ClientName
  readonly url: string
  readonly prefix: string
  readonly durationMs: number
  /** The number of this process, from 0. */
  readonly node: number
  readonly readers: number
  /** The keys whose writer is in this process: each has one, so that its versions are in order. */
  readonly writes: readonly number[]
  readonly seed: number
}

export const KEYS = 4

/** What the racers ask of the database, and its answers. */
export interface Query {
  readonly id: number
  readonly kind: 'read' | 'write'
  readonly key: number
}
export interface Answer {
  readonly id: number
  readonly version: number
}
