import type { Random } from '../time/clock.ts'
import type { Head } from './log.ts'

/**
 * The value that a tag had when the load or set of an entry began, 24 lower-case hexadecimal digits. The first 16 are
 * random: the entry is visible while the tag has the same. The last 8 change with each soft invalidation: the entry is
 * fresh while the tag has the same.
 */
export interface Generation {
  readonly tag: string
  readonly value: string
}

/** The record of a tag on the server. */
export interface GenerationRecord {
  readonly value: string
  /** The position of the log after the entry that gave the value, or when the record was made. Absent without a log. */
  readonly head?: Pick<Head, 'epoch' | 'counter'> | undefined
  /** Milliseconds for which the server still keeps the record; `Infinity` = until the tag is invalidated. */
  readonly remainingMs: number
  /** Milliseconds since the last soft invalidation; absent without one. The grace of stale entries counts from it. */
  readonly softenedMs?: number | undefined
}

/** The generations of all tags of an entry. Absent if it has no tags. */
export type Generations = readonly Generation[]

/** Returns a generation that no tag has had. */
export function drawGeneration(random: Random): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return `${half()}${half()}00000000`
}

/** The generations of an entry whose header can't be read. Its reader finds that out. */
export const UNREADABLE: Generations = Object.freeze([])

/** The result of an invalidation of tags. */
export interface TagResult {
  /** The position of the log after each tag. Absent if no node follows the generation partition. */
  readonly heads: readonly (Head | undefined)[]
  /** The present generation of each tag, with `keepStale`. */
  readonly generations?: readonly string[]
  /** The generation of each tag before, `undefined` if it had none. */
  readonly former: readonly (string | undefined)[]
}
