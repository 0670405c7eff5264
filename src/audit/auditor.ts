import { AsyncResource } from 'node:async_hooks'
import { scopeOf, type BaseCache } from '../cache/base-cache.ts'
import type { Runtime } from '../cache/runtime.ts'
import type { Scope } from '../cache/scope.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { HitAudit } from '../loading/hit-audit.ts'
import type { Source } from '../loading/load-context.ts'
import { checkFunction } from '../options/checks.ts'
import { checkChoice } from '../options/options.ts'
import { Templates } from '../keys/template-of.ts'
import type { LoadSettings } from '../options/resolve.ts'
import { noteAudited } from './audited.ts'
import { Check, isInTrouble, type CheckParts, type Sample, type Verdict } from './check.ts'
import { AuditedFamilies, isLeftOut, type AuditedFamily } from './families.ts'
import { SCALES, type TimeScale } from './figures.ts'
import { Fingerprints, shortHash } from './fingerprint.ts'
import { AuditLoads } from './loading.ts'
import { auditSettings, type AuditOptions, type AuditSettings } from './options.ts'
import { OwnProcess } from './own-process.ts'
import { Pauses } from './pauses.ts'
import type { AuditEvents, Auditor, AuditReport } from './report.ts'
import { Sampling } from './sampling.ts'
import { wrongKey, type WrongKey } from './wrong-key.ts'

/** The most checks that are under way, the following of wrong values included. */
const MOST_PENDING = 1_000
const EVENTS: readonly (keyof AuditEvents)[] = ['wrong', 'late', 'leftOut']
const ALL_SCALES: readonly TimeScale[] = SCALES.map(([scale]) => scale)

/**
 * Begins to check samples of the answers of `getOrSet`, `getOrSetMany` and wrapped functions against their source, off
 * the path of requests (docs/audit.md). It ends with the cache, or by `close()`.
 * @throws OptionsError for wrong options, and for a cache that has an auditor.
 */
export function createAuditor(cache: BaseCache, options: AuditOptions = {}): Auditor {
  const scope = typeof cache === 'object' && cache !== null ? scopeOf(cache) : undefined
  if (scope === undefined) throw new OptionsError(`createAuditor: ${inspect(cache)} is no cache`)
  const settings = auditSettings(options)
  scope.assertOpen()
  if (scope.runtime.pipeline.audit !== undefined)
    throw new OptionsError('createAuditor: the cache has an auditor; close that first')
  return new CacheAuditor(scope, settings)
}

class CacheAuditor implements Auditor, HitAudit {
  readonly #scope: Scope
  readonly #runtime: Runtime
  readonly #settings: AuditSettings
  readonly #sampling: Sampling
  readonly #pauses: Pauses
  readonly #parts: CheckParts
  readonly #families = new AuditedFamilies()
  readonly #templates = new Templates()
  readonly #unobserve: () => void
  readonly #listeners = new Map<keyof AuditEvents, Set<(event: never) => void>>()
  // Made outside of any request, so that loaders that run in it keep nothing of one.
  readonly #outside = new AsyncResource('cachette audit')
  readonly #since: Date
  readonly #wrongKeys: WrongKey[] = []
  #pending = 0
  #loads = 0

  constructor(scope: Scope, settings: AuditSettings) {
    const { runtime } = scope
    this.#scope = scope
    this.#runtime = runtime
    this.#settings = settings
    this.#sampling = new Sampling(runtime.clock, runtime.random, settings.rate)
    this.#pauses = new Pauses(runtime.timers)
    const ownProcess = new OwnProcess(runtime.clock)
    this.#unobserve = runtime.observe(ownProcess)
    this.#parts = {
      runtime,
      ownProcess,
      fingerprints: new Fingerprints(runtime.store, (value, family) => settings.select(value, family)),
      loads: new AuditLoads(runtime, this.#pauses, settings.loadTimeoutMs),
      pauses: this.#pauses,
      slackMs: settings.slackMs,
      spend: () => {
        this.#loads++
        this.#sampling.spend()
      },
    }
    this.#since = new Date(runtime.clock.wallNow())
    runtime.pipeline.audit = this
    noteAudited(this, runtime)
  }

  takes(): boolean {
    return this.#sampling.takes()
  }

  check(key: string, source: Source, settings: LoadSettings): void {
    const { runtime, prefix } = this.#scope
    const isRoom = this.#pending < MOST_PENDING && runtime.pipeline.hasRoom(key, settings)
    if (!isRoom || runtime.closing !== undefined || !key.startsWith(prefix) || isInTrouble(this.#parts))
      return
    const name = this.#scope.nameOf(key)
    const family = this.#families.of(this.#templates.of(settings.family, key))
    if (isLeftOut(family) || !this.#isChosen(family.name)) return
    void this.#outside.runInAsyncScope(() =>
      this.#run(family, { key, name, family: family.name, source, settings }),
    )
  }

  report(): AuditReport {
    return {
      cache: this.#runtime.name,
      since: this.#since,
      loads: this.#loads,
      pending: this.#pending,
      ...this.#families.total.snapshot(),
      families: this.#families.all.map((family) => ({
        family: family.name,
        isLeftOut: isLeftOut(family),
        ...family.figures.snapshot(),
      })),
      wrongKeys: [...this.#wrongKeys],
    }
  }

  on<Name extends keyof AuditEvents>(name: Name, listener: (event: AuditEvents[Name]) => void): () => void {
    checkChoice(name, EVENTS, 'on: the event')
    checkFunction(listener, 'on: the listener')
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  close(): void {
    const { pipeline } = this.#runtime
    if (pipeline.audit === this) pipeline.audit = undefined
    this.#unobserve()
    this.#pauses.close()
  }

  #isChosen(family: string): boolean {
    try {
      return this.#settings.isChosen(family)
    } catch {
      return false
    }
  }

  async #run(family: AuditedFamily, sample: Sample): Promise<void> {
    this.#pending++
    try {
      const check = new Check(this.#parts, sample)
      const verdict = await check.run()
      this.#count(family, sample, verdict)
      if (verdict.kind === 'wrong') await this.#follow(family, check, verdict)
    } catch {
      // No caller waits for a check, so it must not reject.
      this.#families.count(family, (figures) => figures.unknown++)
    } finally {
      this.#pending--
    }
  }

  #count(family: AuditedFamily, { name }: Sample, verdict: Verdict): void {
    const { kind } = verdict
    this.#families.count(family, (figures) => {
      figures[kind]++
      if (kind === 'late') figures.latestMs = Math.max(figures.latestMs, verdict.lateMs)
      if (kind === 'same' || kind === 'late') figures.at(ALL_SCALES, false)
      if (kind === 'wrong') figures.at(['bound'], true)
    })
    const at = new Date(this.#runtime.clock.wallNow())
    if (kind === 'late') {
      const key = this.#settings.showKeys ? name : shortHash(name)
      this.#tell('late', { key, family: family.name, lateMs: verdict.lateMs, at })
    } else if (kind === 'incomparable') {
      family.strikes++
      if (isLeftOut(family)) this.#tell('leftOut', { family: family.name, at })
    } else if (kind === 'wrong') {
      const found = wrongKey(verdict.evidence, this.#settings.showKeys)
      this.#wrongKeys.push(found)
      if (this.#wrongKeys.length > this.#settings.keep) this.#wrongKeys.shift()
      this.#tell('wrong', found)
    }
  }

  // Looks again at later times, without loading, until the value is gone.
  async #follow(
    family: AuditedFamily,
    check: Check,
    { evidence, ttlMs }: Verdict & { kind: 'wrong' },
  ): Promise<void> {
    const due = SCALES.slice(1).map(
      ([scale, ms]) => [scale, ms === undefined ? ttlMs : Math.max(0, ms - evidence.differsMs)] as const,
    )
    due.sort(([, a], [, b]) => a - b)
    let waitedMs = 0
    for (const [index, [scale, afterMs]] of due.entries()) {
      if (afterMs === Infinity || !(await this.#pauses.wait(afterMs - waitedMs))) return
      waitedMs = afterMs
      const isWrong = await check.stillServes(evidence.servedPrint)
      if (isWrong === undefined) return
      const later = due.slice(index).map(([name]) => name)
      this.#families.count(family, (figures) => figures.at(isWrong ? [scale] : later, isWrong))
      if (!isWrong) return
    }
  }

  #tell<Name extends keyof AuditEvents>(name: Name, event: AuditEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        ;(listener as (told: AuditEvents[Name]) => void)(event)
      } catch {
        // A listener that fails must not end the checks.
      }
    }
  }
}
