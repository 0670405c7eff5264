import { isPromise } from '../core/promise.ts'
import type { Stored, Tier } from '../core/store.ts'
import type { Trail } from '../core/trail.ts'
import { NO_TAGS } from '../keys/tags.ts'
import type { Runtime } from '../cache/runtime.ts'
import type { Source } from '../loading/load-context.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Fingerprints } from './fingerprint.ts'
import type { AuditLoads } from './loading.ts'
import type { OwnChanges } from './own-changes.ts'
import type { Pauses } from './pauses.ts'
import type { Evidence } from './wrong-key.ts'

/** The parts that checks share. */
export interface CheckParts {
  readonly runtime: Runtime
  readonly fingerprints: Fingerprints
  readonly loads: AuditLoads
  readonly pauses: Pauses
  readonly ownChanges: OwnChanges
  readonly slackMs: number
  /** Called before each call of a loader. */
  readonly spend: () => void
}

/** A sampled hit. */
export interface Sample {
  /** The full key, and the key within the cache. */
  readonly key: string
  readonly name: string
  readonly family: string
  readonly source: Source
  readonly settings: LoadSettings
}

/** The result of a check. */
export type Verdict =
  | { readonly kind: 'same' | 'unknown' | 'incomparable' }
  | { readonly kind: 'late'; readonly lateMs: number }
  | {
      readonly kind: 'wrong'
      readonly evidence: Evidence
      readonly differsAtMs: number
      readonly ttlMs: number
    }

/** An entry as a reader gets it now. */
interface Served {
  readonly print: string
  readonly stored: Stored
  readonly remainingMs: number
  readonly tier: Tier
}

const UNKNOWN: Verdict = { kind: 'unknown' }
/** Answers that differ within a moment. */
const UNSTEADY: unique symbol = Symbol('unsteady')
const INCOMPARABLE: Verdict = { kind: 'incomparable' }
// The source may change while a value is checked. After so many changes there is no result.
const MOST_ROUNDS = 3
// The cache is looked at after these parts of the wait, so that it is known how late a late value was.
const LOOKS = [1 / 8, 1 / 8, 1 / 4, 1 / 2]
/** The longest time for which a check waits for the end of trouble. */
const LONGEST_TROUBLE_MS = 60_000

/** Compares what the cache serves for a key with what its loader answers, and looks again after the bound. */
export class Check {
  readonly #parts: CheckParts
  readonly #sample: Sample

  constructor(parts: CheckParts, sample: Sample) {
    this.#parts = parts
    this.#sample = sample
  }

  async run(): Promise<Verdict> {
    const sampledAtMs = this.#now()
    const served = await this.#served()
    if (typeof served !== 'object') return UNKNOWN
    let source = await this.#ask()
    if (source === undefined) return UNKNOWN
    if (source === served.print) return { kind: 'same' }
    const differsAtMs = this.#now()
    const agreed = await this.#agree(source)
    if (agreed === undefined) return UNKNOWN
    // The source has come back to the value, or has none that lasts a moment.
    if (agreed === UNSTEADY || agreed === served.print) return INCOMPARABLE
    source = agreed
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const gone = await this.#outlasts(served, differsAtMs)
      if (gone !== undefined) return gone
      const again = await this.#ask()
      if (again === undefined) return UNKNOWN
      const now = await this.#served()
      if (now === 'failed') return UNKNOWN
      if (now === 'gone' || now.print !== served.print) return this.#late(differsAtMs)
      if (again === source) return this.#wrong(served, now, source, sampledAtMs, differsAtMs)
      // Another value once more: it must last, too, before the cache can be wrong.
      const next = await this.#agree(again)
      if (next === undefined) return UNKNOWN
      if (next === UNSTEADY || next === served.print) return INCOMPARABLE
      source = next
    }
    return INCOMPARABLE
  }

  /** Whether the value is still served; `undefined` = that is not known. */
  async stillServes(print: string): Promise<boolean | undefined> {
    const served = await this.#served()
    if (served === 'failed') return undefined
    return served !== 'gone' && served.print === print
  }

  // Waits until an invalidation must be in effect. Returns the verdict if the value is gone by then.
  async #outlasts(served: Served, differsAtMs: number): Promise<Verdict | undefined> {
    const { slackMs, pauses } = this.#parts
    const trail = this.#trail()
    const { maxLagMs = 0, boundMs = 0 } = trail ?? {}
    const startedAtMs = this.#now()
    for (const part of LOOKS) {
      if (!(await pauses.wait(part * (maxLagMs + slackMs)))) return UNKNOWN
      const gone = await this.#isGone(served)
      if (gone === undefined) return UNKNOWN
      if (gone) return this.#late(differsAtMs)
    }
    // In trouble a value may be served for longer. Only the bound of the policy ends that.
    const endMs = startedAtMs + boundMs + slackMs
    while (this.#isInTrouble(startedAtMs + slackMs)) {
      const nowMs = this.#now()
      if (nowMs >= endMs && !this.#isCutOff()) break
      if (nowMs >= endMs + LONGEST_TROUBLE_MS) return UNKNOWN
      if (!(await pauses.wait(Math.max(slackMs, maxLagMs, 1)))) return UNKNOWN
      const gone = await this.#isGone(served)
      if (gone === undefined) return UNKNOWN
      if (gone) return this.#late(differsAtMs)
    }
    return undefined
  }

  // Whether this process may have missed a change that was made before a moment.
  #isInTrouble(sinceMs: number): boolean {
    const syncAgeMs = this.#trail()?.syncAgeMs ?? 0
    return this.#isCutOff() || this.#now() - syncAgeMs < sinceMs
  }

  // Whether changes of this process itself wait for the server.
  #isCutOff(): boolean {
    return isInTrouble(this.#parts.runtime) || this.#trail()?.isQueued === true
  }

  async #isGone({ print }: Served): Promise<boolean | undefined> {
    const now = await this.#served()
    return now === 'failed' ? undefined : now === 'gone' || now.print !== print
  }

  #late(differsAtMs: number): Verdict {
    return { kind: 'late', lateMs: this.#now() - differsAtMs }
  }

  #wrong(before: Served, now: Served, source: string, sampledAtMs: number, differsAtMs: number): Verdict {
    const { key, name, family, settings } = this.#sample
    const { runtime, ownChanges } = this.#parts
    const { clock } = runtime
    const trail = this.#trail()
    const evidence: Evidence = {
      key: name,
      family,
      tier: now.tier,
      at: new Date(clock.wallNow()),
      servedPrint: before.print,
      sourcePrint: source,
      sampledMs: this.#now() - sampledAtMs,
      differsMs: this.#now() - differsAtMs,
      isSameEntry: now.tier === 'l1' && typeof now.stored === 'object' && now.stored === before.stored,
      syncAgeMs: now.tier === 'l1' ? (trail?.syncAgeMs ?? 0) : 0,
      boundMs: trail?.boundMs ?? 0,
      applied: trail?.applied,
      keptAt: trail?.keptAt,
      isHidden: trail?.isHidden ?? false,
      changes: trail?.changes ?? ownChanges.of(key, settings.reading?.tags ?? NO_TAGS),
    }
    return { kind: 'wrong', evidence, differsAtMs, ttlMs: now.remainingMs }
  }

  // Asks until two answers in a row agree.
  async #agree(first: string): Promise<string | typeof UNSTEADY | undefined> {
    let last = first
    for (let asked = 0; asked < 2; asked++) {
      const next = await this.#ask()
      if (next === undefined || next === last) return next
      last = next
    }
    return UNSTEADY
  }

  // Returns the fingerprint of the loader's answer; `undefined` if there is none to compare with.
  async #ask(): Promise<string | undefined> {
    const { fingerprints, loads, pauses, spend } = this.#parts
    const { key, family, source, settings } = this.#sample
    if (pauses.isClosed) return undefined
    spend()
    const loaded = await loads.load(key, source, settings)
    if (loaded === undefined) return undefined
    try {
      return fingerprints.ofLoaded(loaded.value, family)
    } catch {
      return undefined
    }
  }

  // Returns the entry that a reader would get now, and loads nothing.
  async #served(): Promise<Served | 'gone' | 'failed'> {
    const { runtime, fingerprints } = this.#parts
    const { key, family, settings } = this.#sample
    if (runtime.closing !== undefined) return 'failed'
    try {
      const reading = runtime.store.read([key], settings.reading)
      const found = (isPromise(reading) ? await reading : reading).get(key)
      if (found === undefined || found.remainingMs <= 0) return 'gone'
      const { stored, remainingMs } = found
      const print = fingerprints.ofStored(stored, family)
      return { print, stored, remainingMs, tier: runtime.store.tierOf?.(stored) ?? 'l1' }
    } catch {
      return 'failed'
    }
  }

  #trail(): Trail | undefined {
    const { key, settings } = this.#sample
    return this.#parts.runtime.store.trail?.(key, settings.reading?.tags ?? NO_TAGS)
  }

  #now(): number {
    return this.#parts.runtime.clock.now()
  }
}

/** Whether the store fails, or has invalidations that wait for the server. */
export function isInTrouble({ trouble, store }: Pick<Runtime, 'trouble' | 'store'>): boolean {
  if (trouble.failing.size > 0) return true
  const { outbox } = store.stats()
  return outbox !== undefined && outbox.keys + outbox.tags + outbox.prefixes + (outbox.overflowed ?? 0) > 0
}
