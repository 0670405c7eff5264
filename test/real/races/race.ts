// The terms of a race, shared by the process that judges and those that run.
import type { ClientName } from '../native-clients.ts'

/** The ways in which the writers invalidate. */
export const INVALIDATIONS = ['key', 'tag', 'namespace', 'prefix', 'rowVersion'] as const
export type InvalidationKind = (typeof INVALIDATIONS)[number]

/** The rule that is left out on purpose, to see that the harness would notice. */
export type Omission =
  | 'none'
  /** A load stores its value, whatever happened meanwhile. */
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
   * Whether the readers and writers of a process use one cache, and so share its loads. A caller that joins a load gets
   * its value, if the server has accepted that. Otherwise each has a cache of its own.
   */
  readonly sharesLoads: boolean
  readonly client: ClientName
  readonly url: string
  readonly prefix: string
  readonly durationMs: number
  /** The number of this process, from 0. */
  readonly node: number
  readonly readers: number
  /** The keys whose writer is in this process. Each key has one writer, so that its versions are in order. */
  readonly writes: readonly number[]
  readonly seed: number
}

export const KEYS = 4

/** A racer's question to the database, and the answer. */
export interface Query {
  readonly id: number
  readonly kind: 'read' | 'write'
  readonly key: number
}
export interface Answer {
  readonly id: number
  readonly version: number
}
