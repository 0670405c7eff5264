import { expect, it } from 'vitest'
import {
  BaseCache,
  silentLogger,
  type CacheOptions,
  type LoadContext,
  type Store,
} from '../../../../src/index.ts'
import { FakeClock } from '../../../../src/testing/index.ts'

/** An engine whose timelines are looked at. */
export interface Engine {
  readonly name: string
  /** The one tier that it has, or both; default `'l1'`. */
  readonly tier?: 'l1' | 'l2' | 'both'
  /** Timers that run for as long as it is there, such as a heartbeat; default 0. */
  readonly timers?: number
  /** A store of its own. */
  makeStore(clock: FakeClock): Store
  /** Whether a server counts in real time. */
  readonly real?: {
    /** The longest timeline that is played. */
    readonly longestMs: number
    makeClock(): FakeClock
    /** Plays a timeline, together with the others. */
    play(name: string, run: () => Promise<void>): () => Promise<void>
  }
}

/** A timeline that is too long to be played in real time. */
export class TooLong extends Error {}

/** Plays a timeline before an engine. */
export function timeline(engine: Engine, name: string, run: () => Promise<void>): void {
  it(name, engine.real === undefined ? run : engine.real.play(name, run))
}

/** A cache over any store: the contract and the pipeline as shipped. */
export class StoreCache<V = unknown> extends BaseCache<V> {
  constructor(store: Store, options: CacheOptions) {
    super(store, { logger: silentLogger, ...options })
  }
}

/** The behaviour of the database at a question. */
export interface Behaviour {
  /** The time that it takes; `Infinity` = it never answers. */
  takesMs?: number
  /** The error that it answers. */
  fails?: string
  /** Whether it throws before it waits for anything. */
  throwsAtOnce?: boolean
  /** Its answer in place of its version. */
  answers?: unknown
  /** The use that the loader makes of its context, before it asks. */
  says?: (context: LoadContext) => void
}

/** Some caches over one store, a database behind them, a clock that stands still, and a log of who got what when. */
export class Stage {
  readonly clock: FakeClock
  readonly log: string[] = []
  readonly store: Store
  readonly #engine: Engine
  readonly #options: CacheOptions
  version = 1
  queries = 0
  underWay = 0

  constructor(engine: Engine, options: CacheOptions = {}) {
    this.#engine = engine
    this.clock = engine.real?.makeClock() ?? new FakeClock()
    this.store = engine.makeStore(this.clock)
    this.#options = { clock: this.clock, random: () => 0.5, ...options }
  }

  /** A cache over the store: a process of its own, as far as loads are concerned. */
  cache(options: CacheOptions = {}): BaseCache {
    return new StoreCache(this.store, { ...this.#options, ...options })
  }

  /** A loader that reads the version when it begins and answers later. */
  loader(behaviour: Behaviour = {}): (context: LoadContext) => unknown {
    const { takesMs = 50, fails, throwsAtOnce = false, says } = behaviour
    return (context) => {
      this.queries++
      this.note(`query ${this.queries}`)
      says?.(context)
      if (throwsAtOnce) throw new Error(fails ?? 'at once')
      return this.#answer(takesMs, fails, 'answers' in behaviour ? behaviour.answers : `v${this.version}`)
    }
  }

  async #answer(takesMs: number, fails: string | undefined, answer: unknown): Promise<unknown> {
    this.underWay++
    await this.wait(takesMs)
    this.underWay--
    if (fails !== undefined) throw new Error(fails)
    return answer
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (ms < Infinity) this.clock.set(resolve, ms)
    })
  }

  /** Adds to the log what a caller gets, when he gets it. */
  async caller(name: string, call: () => PromiseLike<unknown>): Promise<void> {
    try {
      this.note(`${name}: ${show(await call())}`)
    } catch (error) {
      this.note(`${name}: ${(error as Error).name}: ${(error as Error).message}`)
    }
  }

  note(text: string): void {
    this.log.push(`${this.clock.now()} ${text}`)
  }

  /** Lets time pass until then. */
  async until(ms: number): Promise<void> {
    if (ms > (this.#engine.real?.longestMs ?? Infinity)) throw new TooLong()
    await this.clock.advance(ms === this.clock.now() ? 0 : { milliseconds: ms - this.clock.now() })
  }

  /** Checks that no more timers are left than these and what the engine has all the time. */
  hasTimers(most: number): void {
    if (this.#engine.real === undefined)
      expect(this.clock.pending).toBeLessThanOrEqual(most + (this.#engine.timers ?? 0))
  }

  /** The remaining seconds of a key; on a server some of the first is over already. */
  async ttl(cache: BaseCache, key: string): Promise<number | undefined> {
    const left = await cache.ttl(key)
    return left === undefined || this.#engine.real === undefined ? left : Math.ceil(left)
  }

  /** The log so far, which then begins anew. */
  get events(): readonly string[] {
    return inOrder(this.log.splice(0))
  }

  /** Checks the log so far. What happens at one time is in no order that an engine need keep. */
  saw(...expected: readonly string[]): void {
    expect(this.events).toEqual(inOrder(expected))
  }
}

function inOrder(events: readonly string[]): readonly string[] {
  const order = (event: string): string =>
    event.replace(/^\d+/, (ms) => ms.padStart(9, '0')).replace(' query', ' ')
  return events.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
}

function show(value: unknown): string {
  return value instanceof Map ? JSON.stringify(Object.fromEntries(value)) : String(value)
}
