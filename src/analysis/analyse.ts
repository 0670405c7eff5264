import type { BaseCache } from '../cache/base-cache.ts'
import type { Runtime } from '../cache/runtime.ts'
import type { TimerHandle } from '../core/time/clock.ts'
import { checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'
import { adviceOf } from './advice/advice.ts'
import { describeFamily } from './describe.ts'
import type { HeavyKeys } from './figures/heavy-keys.ts'
import { byWorth } from './merge.ts'
import { checkShare, runtimeOf } from './runtime-of.ts'
import type { AnalysisSnapshot, HotKeys } from './snapshot.ts'
import { Watcher } from './watcher.ts'

const SECOND = 1000
const HOT_KEYS = 20

/** Options of {@link analyse}. */
export interface AnalysisOptions {
  /** The share of answers that may be out of date when a ttl is proposed, above 0 and below 1; default 0.01. */
  readonly staleShare?: number | undefined
}

/**
 * Watches a cache and all of its namespaces until it is closed. It takes at most some 3 MB, most often below one,
 * however many keys there are. It never changes what the cache does.
 *
 * ```ts
 * const analysis = analyse(cache)
 * setInterval(() => console.log(analysis.snapshot().advice), 3_600_000)
 * ```
 *
 * @throws OptionsError for anything that is not a cache, or a wrong option.
 */
export function analyse(cache: BaseCache, options: AnalysisOptions = {}): Analysis {
  checkReadable(options, 'analyse')
  checkOptions(options, ['staleShare'], 'analyse')
  const { staleShare = 0.01 } = options
  checkShare(staleShare, 'analyse: staleShare', 'part')
  return new Analysis(runtimeOf(cache, 'analyse'), staleShare)
}

/** A running analysis of a cache; see {@link analyse}. */
export class Analysis {
  readonly #runtime: Runtime
  readonly #staleShare: number
  readonly #watcher: Watcher
  readonly #startedAt: number
  readonly #startedAtMs: number
  #endedAtMs: number | undefined
  #timer: TimerHandle
  #stop: (() => void) | undefined

  /** @internal */
  constructor(runtime: Runtime, staleShare: number) {
    this.#runtime = runtime
    this.#staleShare = staleShare
    this.#startedAt = runtime.clock.wallNow()
    this.#startedAtMs = runtime.clock.now()
    this.#watcher = new Watcher(runtime)
    this.#stop = runtime.observe(this.#watcher)
    this.#wait()
  }

  /** Returns the figures since it began, as plain JSON. */
  snapshot(): AnalysisSnapshot {
    const watcher = this.#watcher
    const forMs = (this.#endedAtMs ?? this.#runtime.clock.now()) - this.#startedAtMs
    const families = byWorth(watcher.families.map((figures) => describeFamily(figures.counts())))
    const curve = watcher.curve.snapshot()
    const cache = this.#runtime.name
    const facts = {
      cache,
      forMs,
      isShared: this.#runtime.store.isShared === true,
      staleShare: this.#staleShare,
    }
    return {
      ...facts,
      startedAt: this.#startedAt,
      families,
      operations: watcher.operations.data(),
      hot: {
        hits: hotKeys(watcher.hotHits),
        bytes: hotKeys(watcher.hotBytes),
        loadMs: hotKeys(watcher.hotLoads),
      },
      ...(curve !== undefined && { curve }),
      advice: adviceOf(families, curve, facts),
    }
  }

  /** Ends the analysis. The figures stay as they are. */
  close(): void {
    this.#stop?.()
    if (this.#stop !== undefined) {
      this.#endedAtMs = this.#runtime.clock.now()
      this.#watcher.curve.close()
    }
    this.#stop = undefined
    this.#runtime.timers.clear(this.#timer)
  }

  /** Does what {@link close} does. */
  [Symbol.dispose](): void {
    this.close()
  }

  #wait(): void {
    this.#timer = this.#runtime.timers.set(() => {
      if (this.#runtime.closing !== undefined) return this.close()
      this.#watcher.tick()
      this.#wait()
    }, SECOND)
  }
}

function hotKeys(heavy: HeavyKeys): HotKeys {
  const { total } = heavy
  const top = heavy.top(HOT_KEYS + 1)
  const hidden = Math.max(heavy.hidden, top[HOT_KEYS]?.amount ?? 0)
  const keys = top.slice(0, HOT_KEYS).map(({ key, amount, excess }) => ({
    key,
    amount,
    share: amount / total,
    error: excess / total,
  }))
  return { total, hidden, keys }
}
