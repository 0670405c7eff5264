import type { Generations } from '../../core/remote-store.ts'
import type { Reading } from '../../core/store.ts'
import { isNamespaceTag } from '../../keys/tags.ts'

/** What the generations of an entry make of it: `'stale'` is served as what is within its grace. */
export type TagState = 'fresh' | 'stale' | 'gone'

const HARD_DIGITS = 16

/** What an entry with this generation of a tag is while the tag has `present`; `undefined` = nobody knows it. */
export function compareGenerations(own: string, present: string | undefined): TagState {
  if (own === present) return 'fresh'
  return present?.startsWith(own.slice(0, HARD_DIGITS)) === true ? 'stale' : 'gone'
}

/** The verdict on an entry, from those of its tags. */
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
 * Milliseconds for which an entry is fresh yet, 0 or less when it is stale; `undefined` when the reader can't have it.
 * `leftMs` is what its life has left, its grace included.
 */
export function freshMsFor(
  leftMs: number,
  graceMs: number,
  verdict: TagState,
  reading: Reading | undefined,
): number | undefined {
  if (verdict === 'gone' || leftMs <= 0) return undefined
  const freshMs = leftMs - graceMs
  if (verdict === 'fresh' && freshMs > 0) return freshMs
  // What has no grace is not stale, but gone.
  if (graceMs <= 0 || reading?.stale !== true) return undefined
  return Math.min(freshMs, 0)
}
