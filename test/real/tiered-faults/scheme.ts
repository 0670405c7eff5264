// The agreement of a run's processes: three nodes, one server, and a database whose rows have versions.
import type { Policy } from '../../../src/coherence/settings.ts'
import type { ClientName } from '../native-clients.ts'

export const NODES = 3

/** The ways in which a row is invalidated. */
export const KINDS = ['key', 'row', 'tag', 'namespace'] as const
export type Kind = (typeof KINDS)[number]

/** Number of rows: two of each kind for each node. Only that node writes them, so that their versions are in order. */
export const ROWS: number = 2 * NODES * KINDS.length

export function kindOf(row: number): Kind {
  return KINDS[row % KINDS.length]!
}

/** Whether a row is written seldom, as half of them are. An old entry of it stays, unless a node repairs it. */
export function isQuiet(row: number): boolean {
  return row >= ROWS / 2
}

export function writerOf(row: number): number {
  return Math.floor(row / KINDS.length) % NODES
}

/** The interval of heartbeats, and the lag that a policy allows: `maxLag` and `maxStale`. */
export interface Pace {
  readonly heartbeatMs: number
  readonly boundMs: Readonly<Record<Policy, number>>
}

/** The default pace, except for `maxStale`, which would take a minute. */
export const PACE: Pace = { heartbeatMs: 1000, boundMs: { strict: 3000, available: 6000 } }
export const FAST_PACE: Pace = { heartbeatMs: 200, boundMs: { strict: 800, available: 1600 } }

export interface NodeSettings {
  readonly node: number
  readonly client: ClientName
  readonly url: string
  /** Another address for the bus, if any. */
  readonly busUrl: string | undefined
  /**
   * Whether the cache makes its connections by the URL, with node-redis. It may not replace those of a client that it
   * gets.
   */
  readonly opensConnections?: boolean
  readonly policy: Policy
  readonly pace?: Pace
  readonly seed: number
}

/** A node's question to the database. */
export interface Query {
  readonly id: number
  readonly ask: 'read' | 'write'
  readonly row: number
}
export interface Answer {
  readonly id: number
  readonly version: number
}

/** The token of an acknowledged invalidation. A read with it gets this version or a later one. */
export interface Handed {
  readonly row: number
  readonly version: number
  readonly token: string
}

/** A write of the database, and the answer to its invalidation. */
export interface Invalidation {
  readonly row: number
  readonly version: number
  /** The moment of that answer, on the clock that the processes share. */
  readonly atMs: number
  readonly node: number
  /** Whether the server has acknowledged it. Otherwise it waits in the outbox of the node. */
  readonly isAcknowledged: boolean
}

/** The results of readers, in columns. */
export interface Reads {
  readonly rows: Uint8Array
  readonly versions: Uint32Array
  readonly startedAtMs: Float64Array
  /** The version that the token stands for, or 0 without a token. */
  readonly vouched: Uint32Array
}

export interface NodeHistory {
  readonly node: number
  readonly invalidations: readonly Invalidation[]
  readonly reads: Reads
  /** Errors of calls of the cache that rejected. */
  readonly rejections: readonly string[]
}
