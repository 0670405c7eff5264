// What the processes of a run agree on: three nodes, one server, and a database whose rows have versions.
import type { Policy } from '../../../src/coherence/settings.ts'
import type { ClientName } from '../native-clients.ts'

export const NODES = 3

/** By what a row is invalidated. */
export const KINDS = ['key', 'row', 'tag', 'namespace'] as const
export type Kind = (typeof KINDS)[number]

/** Two rows of each kind for each node, which is the only one that writes them: so their versions are in order. */
export const ROWS: number = 2 * NODES * KINDS.length

export function kindOf(row: number): Kind {
  return KINDS[row % KINDS.length]!
}

/** Half of them are written seldom: what a server gives back of those stays, unless somebody mends it. */
export function isQuiet(row: number): boolean {
  return row >= ROWS / 2
}

export function writerOf(row: number): number {
  return Math.floor(row / KINDS.length) % NODES
}

/** How often nodes ask, and how far behind one may be by its policy: `maxLag` and `maxStale`. */
export interface Pace {
  readonly heartbeatMs: number
  readonly boundMs: Readonly<Record<Policy, number>>
}

/** As by default, but for `maxStale`, which would take a minute. */
export const PACE: Pace = { heartbeatMs: 1000, boundMs: { strict: 3000, available: 6000 } }
export const FAST_PACE: Pace = { heartbeatMs: 200, boundMs: { strict: 800, available: 1600 } }

export interface NodeSettings {
  readonly node: number
  readonly client: ClientName
  readonly url: string
  /** Where the bus comes from, if not from there. */
  readonly busUrl: string | undefined
  /** Whether the cache makes its connections by the URL, by node-redis: those of a client that it is given are not its to replace. */
  readonly opensConnections?: boolean
  readonly policy: Policy
  readonly pace?: Pace
  readonly seed: number
}

/** What a node asks of the database. */
export interface Query {
  readonly id: number
  readonly ask: 'read' | 'write'
  readonly row: number
}
export interface Answer {
  readonly id: number
  readonly version: number
}

/** What an acknowledged invalidation gives away: whoever reads with the token gets this version or a later one. */
export interface Handed {
  readonly row: number
  readonly version: number
  readonly token: string
}

/** A write of the database, and what its invalidation was told. */
export interface Invalidation {
  readonly row: number
  readonly version: number
  /** When that was, on the clock that the processes share. */
  readonly atMs: number
  readonly node: number
  /** By the server; else it waits in the outbox of the node. */
  readonly isAcknowledged: boolean
}

/** What readers got, in columns. */
export interface Reads {
  readonly rows: Uint8Array
  readonly versions: Uint32Array
  readonly startedAtMs: Float64Array
  /** With a token: the version that it vouches for, else 0. */
  readonly vouched: Uint32Array
}

export interface NodeHistory {
  readonly node: number
  readonly invalidations: readonly Invalidation[]
  readonly reads: Reads
  /** Calls of the cache that rejected. */
  readonly rejections: readonly string[]
}
