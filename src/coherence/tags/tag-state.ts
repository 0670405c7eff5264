import type { Generations } from '../../core/remote/generations.ts'
import type { Reading } from '../../core/store.ts'
import { isNamespaceTag } from '../../keys/tags.ts'

/** The state of an entry by its generations. A `'stale'` entry is served as one within its grace. */
export type TagState = 'fresh' | 'stale' | 'gone'

const HARD_DIGITS = 16

/** Returns the state of an entry with this generation of a tag while the tag has `present`; `undefined` = unknown. */
export function compareGenerations(own: string, present: string | undefined): TagState {
  if (own === present) return 'fresh'
  return present?.startsWith(own.slice(0, HARD_DIGITS)) === true ? 'stale' : 'gone'
}

/** Returns the verdict on an entry from those of its tags. */
export function worstOf(verdicts: readonly TagState[]): TagState {
  if (verdicts.includes('gone')) return 'gone'
  return verdicts.includes('stale') ? 'stale' : 'fresh'
}

/** Whether an entry belongs to every namespace among the tags that its reader names. */
export function bears(generations: Generations | undefined, wanted: Reading['tags']): boolean {
  if (wanted === undefined) return true
  return wanted.every((tag) => !isNamespaceTag(tag) || generations?.some((one) => one.tag === tag) === true)
}

/**
 * Returns the milliseconds for which an entry is still fresh, 0 or less if it is stale, `undefined` if the reader can't
 * have it. `leftMs` is the rest of its life, its grace included. The grace of an entry that is stale by its tags has
 * counted for `staleForMs`.
 */
export function freshMsFor(
  leftMs: number,
  graceMs: number,
  verdict: TagState,
  reading: Reading | undefined,
  staleForMs = 0,
): number | undefined {
  if (verdict === 'gone' || leftMs <= 0) return undefined
  const freshMs = leftMs - graceMs
  if (verdict === 'fresh' && freshMs > 0) return freshMs
  // An entry without grace is gone instead of stale.
  if (graceMs <= staleForMs || reading?.stale !== true) return undefined
  return Math.min(freshMs, 0 - staleForMs)
}
