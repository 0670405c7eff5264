import { isPromise } from '../core/promise.ts'
import type { Found, Stored, Tier } from '../core/store.ts'
import type { Trail } from '../core/trail.ts'
import { NO_TAGS } from '../keys/tags.ts'
import type { Runtime } from '../cache/runtime.ts'
import type { Source } from '../loading/load-context.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Fingerprints } from './fingerprint.ts'
import type { AuditLoads } from './loading.ts'
import type { OwnProcess } from './own-process.ts'
import type { Pauses } from './pauses.ts'
import { Round } from './round.ts'
import type { Evidence } from './wrong-key.ts'

/** The parts that checks share. */
export interface CheckParts {
  readonly runtime: Runtime
  readonly fingerprints: Fingerprints
  readonly loads: AuditLoads
  readonly pauses: Pauses
  readonly ownProcess: OwnProcess
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
      /** The rest of the entry's ttl. */
      readonly ttlMs: number
    }

/** An entry as a reader gets it now. */
interface Served {
  readonly print: string
  readonly stored: Stored
  readonly tier: Tier
}

/** The value on which two answers agree. */
type Answer = string | typeof UNSTEADY | undefined

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
    let served = await this.#served()
    if (typeof served !== 'object') return UNKNOWN
    const first = await this.#ask()
    if (first === undefined) return UNKNOWN
    if (first === served.print) return { kind: 'same' }
    const difference = new Round(this.#parts.runtime.clock)
    let source: Answer = await this.#agree(first)
    let isSteady = true
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
      if (source === undefined) return UNKNOWN
      // The source has come back to the value, or has none that lasts a moment.
      if (source === UNSTEADY || source === served.print) return INCOMPARABLE
      const round = new Round(this.#parts.runtime.clock)
      const gone = await this.#outlasts(served, round, difference)
      if (gone !== undefined) return gone
      const again = await this.#ask()
      const now = await this.#served()
      if (again === undefined || now === 'failed') return UNKNOWN
      if (now === 'gone' || now.print !== served.print) return lateBy(difference)
      const evidence = again === source ? this.#evidence(served, now, source, round) : undefined
      if (evidence !== undefined) {
        const found = await this.#read().catch(() => undefined)
        return { kind: 'wrong', evidence, ttlMs: found?.remainingMs ?? Infinity }
      }
      // A change that came meanwhile must last, too, before the cache can be wrong.
      if (again !== source) {
        isSteady = false
        source = await this.#agree(again)
      }
      served = now
    }
    return isSteady ? UNKNOWN : INCOMPARABLE
  }

  /** Whether the value is still served; `undefined` = that is not known. */
  async stillServes(print: string): Promise<boolean | undefined> {
    const served = await this.#served()
    if (served === 'failed') return undefined
    return served !== 'gone' && served.print === print
  }

  // Waits until an invalidation must be in effect. Returns the verdict if the value is gone by then.
  async #outlasts(served: Served, round: Round, difference: Round): Promise<Verdict | undefined> {
    const { slackMs, pauses } = this.#parts
    const { maxLagMs = 0, boundMs = 0 } = this.#trail() ?? {}
    const look = async (afterMs: number): Promise<Verdict | undefined> => {
      if (!(await pauses.wait(afterMs))) return UNKNOWN
      const trail = this.#trail()
      if (trail !== undefined) round.note(trail)
      const now = await this.#served()
      if (now === 'failed') return UNKNOWN
      return now === 'gone' || now.print !== served.print ? lateBy(difference) : undefined
    }
    for (const part of LOOKS) {
      const verdict = await look(part * (maxLagMs + slackMs))
      if (verdict !== undefined) return verdict
    }
    // In trouble a value may be served for longer. Only the bound of the policy ends that.
    // Sums of waits are not exact to the last digit.
    const endMs = round.startedAtMs + boundMs + slackMs - 1
    while (this.#isInTrouble(round.startedAtMs + slackMs)) {
      const nowMs = this.#now()
      if (nowMs >= endMs && !this.#isCutOff()) break
      if (nowMs >= endMs + LONGEST_TROUBLE_MS) return UNKNOWN
      const verdict = await look(Math.max(slackMs, maxLagMs, 1))
      if (verdict !== undefined) return verdict
    }
    return undefined
  }

  // Whether this process may have missed a change that was made before a moment.
  #isInTrouble(sinceMs: number): boolean {
    const syncAgeMs = this.#trail()?.syncAgeMs ?? 0
    return this.#isCutOff() || this.#now() - syncAgeMs < sinceMs
  }

  // Whether the server can't be used, or an invalidation of this process waits for it.
  #isCutOff(): boolean {
    return isInTrouble(this.#parts) || this.#trail()?.isQueued === true
  }

  // Returns nothing if the blame is not clear yet.
  #evidence(before: Served, now: Served, source: string, round: Round): Evidence | undefined {
    const { key, name, family, settings } = this.#sample
    const { runtime, ownProcess } = this.#parts
    const trail = this.#trail()
    const changes = trail?.changes ?? ownProcess.of(key, settings.reading?.tags ?? NO_TAGS)
    const since = round.since(changes, trail !== undefined)
    if (since === undefined) return undefined
    return {
      key: name,
      family,
      tier: now.tier,
      at: new Date(runtime.clock.wallNow()),
      servedPrint: before.print,
      sourcePrint: source,
      differsMs: round.ageMs,
      isSameEntry: now.tier === 'l1' && typeof now.stored === 'object' && now.stored === before.stored,
      syncAgeMs: now.tier === 'l1' ? (trail?.syncAgeMs ?? 0) : 0,
      boundMs: trail?.boundMs ?? 0,
      isShared: trail !== undefined,
      applied: trail?.applied,
      keptAt: trail?.keptAt,
      isHidden: trail?.isHidden ?? false,
      changes,
      since,
    }
  }

  // Asks until two answers in a row agree.
  async #agree(first: string): Promise<Answer> {
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
      // It reads as the sampled call did, because a shorter read may go another way.
      const getting = settings.timed ? this.#read() : runtime.store.get(key, settings.reading)
      const found = isPromise(getting) ? await getting : getting
      const stored = settings.timed ? (found as Found | undefined)?.stored : (found as Stored | undefined)
      if (stored === undefined) return 'gone'
      const print = fingerprints.ofStored(stored, family)
      return { print, stored, tier: runtime.store.tierOf?.(stored) ?? 'l1' }
    } catch {
      return 'failed'
    }
  }

  // Returns the fresh entry with its remaining time.
  async #read(): Promise<Found | undefined> {
    const { key, settings } = this.#sample
    const reading = this.#parts.runtime.store.read([key], settings.reading)
    const found = (isPromise(reading) ? await reading : reading).get(key)
    return found === undefined || found.remainingMs <= 0 ? undefined : found
  }

  #trail(): Trail | undefined {
    const { key, settings } = this.#sample
    return this.#parts.runtime.store.trail?.(key, settings.reading?.tags ?? NO_TAGS)
  }

  #now(): number {
    return this.#parts.runtime.clock.now()
  }
}

function lateBy({ ageMs }: Round): Verdict {
  return { kind: 'late', lateMs: ageMs }
}

/** Whether the store fails, or its server can't be used. */
export function isInTrouble({ runtime, ownProcess }: Pick<CheckParts, 'runtime' | 'ownProcess'>): boolean {
  return runtime.trouble.failing.size > 0 || ownProcess.isCutOff
}
