import type { Tier } from '../core/store.ts'
import type { AppliedChange } from '../core/trail.ts'
import { shortHash } from './fingerprint.ts'

/**
 * The reason why a value was wrong. `'not-invalidated'`: nothing has invalidated it since. `'not-applied'`: it was
 * invalidated, and this process still serves it, which is a fault of the cache. `'stored-again'`: it was invalidated,
 * and an old value was stored after that.
 */
export type WrongCause = 'not-invalidated' | 'not-applied' | 'stored-again'

/** A change of the key or of one of its tags. */
export interface TrailedChange {
  readonly kind: 'key' | 'tag'
  /** The key or the tag, or its hash. */
  readonly item: string
  /** Its number in the log of the server; absent in memory. */
  readonly counter?: number
  /** Seconds between the change and the report. */
  readonly age: number
}

/** A key whose value was wrong. */
export interface WrongKey {
  /** The key within the cache, or the first 12 digits of the SHA-256 of that. */
  readonly key: string
  /** The family of the key. */
  readonly family: string
  /** The reason. */
  readonly cause: WrongCause
  /** The finding in one sentence. */
  readonly sentence: string
  /** The time of the finding. */
  readonly at: Date
  /** The tier that served the value. */
  readonly tier: Tier
  /** Seconds since the source was first seen to have another value. */
  readonly wrongFor: number
  /** Seconds since this process knew all changes by others. */
  readonly syncAge: number
  /** The number of the last change in the log that this process has applied. */
  readonly applied?: number
  /** The changes that this process knows of, the newest last. */
  readonly changes: readonly TrailedChange[]
  /** The fingerprint of the served value. */
  readonly served: string
  /** The fingerprint of the source's value. */
  readonly source: string
}

/** The evidence on a wrong value. */
export interface Evidence {
  readonly key: string
  readonly family: string
  readonly tier: Tier
  readonly at: Date
  readonly servedPrint: string
  readonly sourcePrint: string
  /** Milliseconds since the source was seen to differ. */
  readonly differsMs: number
  /** Whether one and the same entry of this process's memory was served all the time. */
  readonly isSameEntry: boolean
  readonly syncAgeMs: number
  /** The longest sync age with which this process may serve from its memory; 0 in memory. */
  readonly boundMs: number
  /** Whether other processes may invalidate the key, too. */
  readonly isShared: boolean
  readonly applied: number | undefined
  /** As in a trail. */
  readonly keptAt: number | undefined
  readonly isHidden: boolean
  readonly changes: readonly AppliedChange[]
  /** The changes that surely came since the source differs. */
  readonly since: readonly AppliedChange[]
}

/** Returns the finding on a wrong value. */
export function wrongKey(evidence: Evidence, showKeys: boolean): WrongKey {
  const { key, family, tier, at, syncAgeMs, applied, changes, differsMs } = evidence
  const name = (text: string): string => (showKeys ? text : shortHash(text))
  const cause = causeOf(evidence)
  return {
    key: name(key),
    family,
    cause,
    sentence: `${family} ${showKeys ? `(${key})` : `(#${name(key)})`}: ${SENTENCES[cause](evidence)}`,
    at,
    tier,
    wrongFor: differsMs / 1_000,
    syncAge: syncAgeMs / 1_000,
    ...(applied !== undefined && { applied }),
    changes: changes.map(({ kind, item, counter, ageMs }) => ({
      kind,
      item: name(item),
      ...(counter > 0 && { counter }),
      age: ageMs / 1_000,
    })),
    served: evidence.servedPrint,
    source: evidence.sourcePrint,
  }
}

// Only a change since the source differs proves something: the value was there before it, and after it.
function causeOf({ tier, since, isSameEntry, ...node }: Evidence): WrongCause {
  const { syncAgeMs, boundMs, keptAt = -1, isHidden } = node
  if (tier === 'l1' && boundMs > 0 && (syncAgeMs > boundMs || isHidden)) return 'not-applied'
  if (since.length === 0) return 'not-invalidated'
  // A message of a change that this process's own write has replaced may come late.
  const survived = isSameEntry && since.some(({ kind, counter }) => kind === 'key' && counter > keptAt)
  return survived ? 'not-applied' : 'stored-again'
}

const SENTENCES: Readonly<Record<WrongCause, (evidence: Evidence) => string>> = {
  'not-invalidated': ({ differsMs, changes, isShared }) => {
    const last = changes.at(-1)
    const known =
      last === undefined
        ? 'no invalidation of the key or its tags is known'
        : `the last invalidation was before that, ${seconds(last.ageMs)} ago`
    return `never invalidated: the source has had another value for at least ${seconds(differsMs)}, and ${known}; ${isShared ? 'the writer forgot to invalidate it, or can not reach the server' : 'the writer forgot to invalidate it'}`
  },
  'not-applied': ({ syncAgeMs, boundMs, changes, applied }) =>
    boundMs > 0 && syncAgeMs > boundMs
      ? `invalidated and not applied here: this process serves it from its memory, although it knows nothing of the last ${seconds(syncAgeMs)}; a fault of the cache`
      : `invalidated and not applied here: ${lastChange(changes)}, this process has applied the log up to ${applied ?? 'there'}, and still serves the entry; a fault of the cache`,
  'stored-again': ({ changes }) =>
    `invalidated, and stored again: ${lastChange(changes)}, and an older value was stored after that, by a set, or by a load that read an older state of the source, such as a replica that lags`,
}

function lastChange(changes: readonly AppliedChange[]): string {
  const { kind, counter, ageMs } = changes.at(-1)!
  const at = counter > 0 ? ` at number ${counter} of the log` : ''
  return `the ${kind} was invalidated${at}, ${seconds(ageMs)} ago`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
