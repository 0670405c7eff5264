import type { LoadSettings } from '../options/resolve.ts'
import type { Source } from './load-context.ts'

/** Looks at fresh hits for which a loader is at hand. */
export interface HitAudit {
  /** Counts a hit. Returns whether it is to be checked. */
  takes(): boolean
  /** Begins to check the answer for a full key; never throws. */
  check(key: string, source: Source, settings: LoadSettings): void
  /** Ends with the cache. */
  close(): void
}
