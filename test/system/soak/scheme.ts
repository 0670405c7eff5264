// The words that the processes of a soak share.

/** Processes that write, read, invalidate, lock and limit. */
export const NODES = 3
/** Keys that each process alone writes, so that it knows which value is the newest. */
export const KEYS_OF_NODE = 100_000
export const PREFIX = 'soak:'

export interface NodeSettings {
  readonly node: number
  readonly client: 'node-redis 6' | 'ioredis 5'
  readonly url: string
  readonly seed: number
  /** Seconds that a call may take: a busy machine is no failure where none is wanted. */
  readonly hardDeadline: number
}

/** The record that a process keeps of its keys, by their number. Times are on the clock that all processes share. */
export interface Written {
  /** The newest version that `set` or `setMany` answered `true` for, and when it did; 0 = none. */
  readonly acknowledged: Int32Array
  readonly acknowledgedAtMs: Float64Array
  /** The time at which a change of the key was answered `false` last; 0 = never. */
  readonly failedAtMs: Float64Array
}

/** A read of an own key that was older than its last acknowledged version. */
export interface OlderRead {
  readonly atMs: number
  readonly key: string
  readonly acknowledged: number
  readonly acknowledgedAtMs: number
  readonly failedAtMs: number
  readonly read: number
}

/** The findings of a process. */
export interface Account {
  readonly written: Written
  /** Broken promises, each with how often. */
  readonly violations: Readonly<Record<string, number>>
  readonly olderReads: readonly OlderRead[]
  readonly calls: Readonly<Record<string, number>>
  /** Lines of the log, by their message. */
  readonly lines: Readonly<Record<string, number>>
  /** Invalidations that were forgotten for want of room, or covered by a coarser duty. */
  readonly overflowed: boolean
  readonly held: readonly (readonly [fromMs: number, toMs: number])[]
  readonly admitted: number
}

/** The name of a key. */
export function keyOf(node: number, index: number): string {
  return `bulk:${node}:${index}`
}
