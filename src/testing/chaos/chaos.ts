import type { Timers } from '../../core/time/clock.ts'
import { OptionsError, StoreUnavailableError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { isList } from '../../internal/objects.ts'
import { checkMethods, checkReadable, reading } from '../../options/checks.ts'
import { systemTimers } from '../../core/time/system.ts'
import { SeededRandom } from '../random.ts'

/** The kinds of trouble. Probabilities are from 0 to 1, times in milliseconds. */
export interface ChaosSettings {
  /** The extra time of a call or a message; default `[0, 0]`. */
  readonly delayMs: readonly [from: number, to: number]
  /** The probability of `pauseMs` instead, so that others overtake it; default 0. */
  readonly pause: number
  /** The extra time in a pause; default `[0, 0]`. */
  readonly pauseMs: readonly [from: number, to: number]
  /** The probability that a call fails at once and is not executed; default 0. */
  readonly errors: number
  /** The probability that a call never arrives, so that its caller waits for the deadline; default 0. */
  readonly requestLoss: number
  /** The probability that a call is executed and its answer never arrives; default 0. */
  readonly replyLoss: number
  /** The probability that a message of the bus never arrives; default 0. */
  readonly messageLoss: number
  /** The probability that it arrives twice; default 0. */
  readonly messageDuplication: number
  /** Whether nothing passes in either direction, and no caller is told; default `false`. */
  readonly blackHole: boolean
  /** The time that a call waits for a lost answer; default 500. */
  readonly deadlineMs: number
}

/** Options of {@link Chaos}: the trouble from the start, and the sources of chance and time. */
export interface ChaosOptions extends Partial<ChaosSettings> {
  /** The seed of chance. The same seed gives the same chances, call by call; default 1. */
  readonly seed?: number | undefined
  /** The timers; default the system's, which keep the process alive. For tests: a `FakeClock`. */
  readonly timers?: Timers | undefined
}

/** The number of calls and messages so far. */
export interface ChaosCounts {
  /** Calls of the wrapped stores. */
  readonly calls: number
  /** Calls that failed at once or got no answer. */
  readonly failed: number
  /** Messages that were sent. */
  readonly messages: number
  /** Messages that never arrived. */
  readonly lost: number
}

const CALM: ChaosSettings = {
  delayMs: [0, 0],
  pause: 0,
  pauseMs: [0, 0],
  errors: 0,
  requestLoss: 0,
  replyLoss: 0,
  messageLoss: 0,
  messageDuplication: 0,
  blackHole: false,
  deadlineMs: 500,
}

/** Trouble on demand: wrap the parts of a cache, and change the trouble at run time. */
export class Chaos {
  readonly #random: SeededRandom
  readonly #timers: Timers
  readonly #counts = { calls: 0, failed: 0, messages: 0, lost: 0 }
  #settings: ChaosSettings = CALM

  /** Without settings there is no trouble yet. @throws OptionsError for an invalid setting. */
  constructor(options: ChaosOptions = {}) {
    checkReadable(options, 'Chaos')
    const { seed = 1, timers = systemTimers, ...settings } = options
    if (!Number.isFinite(seed)) throw new OptionsError(`Chaos: seed: ${inspect(seed)} is not a number`)
    checkMethods(timers, ['set', 'clear'], 'Chaos: timers')
    this.#random = new SeededRandom(seed)
    this.#timers = timers
    this.set(settings)
  }

  /** The present settings. */
  get settings(): ChaosSettings {
    return this.#settings
  }

  /** The number of disturbed calls and messages so far. */
  get counts(): ChaosCounts {
    return { ...this.#counts }
  }

  /** Changes some settings from now on, and keeps the others. @throws OptionsError for an invalid one. */
  set(settings: Partial<ChaosSettings>): void {
    checkReadable(settings, 'Chaos')
    for (const [name, value] of Object.entries(settings)) checkSetting(name, value)
    this.#settings = { ...this.#settings, ...settings }
  }

  /** Ends all trouble from now on. */
  calm(): void {
    this.#settings = CALM
  }

  /** Executes a call or not, and answers it or not. @throws StoreUnavailableError if it is not answered. */
  async call<T>(what: string, execute: () => T | PromiseLike<T>): Promise<T> {
    this.#counts.calls++
    const { errors, requestLoss, replyLoss } = this.#settings
    if (this.#random.chance(errors)) return this.#fail(`chaos: ${what} failed`)
    await this.#delay()
    if (this.#settings.blackHole || this.#random.chance(requestLoss)) return this.#noAnswer(what)
    const answer = await execute()
    if (this.#settings.blackHole || this.#random.chance(replyLoss)) return this.#noAnswer(what)
    return answer
  }

  /** Delivers a message once, twice, later, or not at all. */
  deliver(arrive: () => void): void {
    this.#counts.messages++
    const times = this.#random.chance(this.#settings.messageDuplication) ? 2 : 1
    const isLost = this.#settings.blackHole || this.#random.chance(this.#settings.messageLoss)
    if (isLost) {
      this.#counts.lost++
      return
    }
    for (let time = 0; time < times; time++) {
      const delayMs = this.#delayMs()
      if (delayMs === 0) arrive()
      else this.#timers.set(arrive, delayMs, 'awaited')
    }
  }

  async #noAnswer(what: string): Promise<never> {
    await this.#sleep(this.#settings.deadlineMs)
    return this.#fail(`chaos: no answer to ${what} in time`)
  }

  #fail(message: string): never {
    this.#counts.failed++
    throw new StoreUnavailableError(message)
  }

  async #delay(): Promise<void> {
    const delayMs = this.#delayMs()
    if (delayMs > 0) await this.#sleep(delayMs)
  }

  #delayMs(): number {
    const { pause, pauseMs, delayMs } = this.#settings
    return this.#random.between(...(this.#random.chance(pause) ? pauseMs : delayMs))
  }

  async #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timers.set(resolve, ms, 'awaited')
    })
  }
}

function checkSetting(name: string, value: unknown): void {
  const refuse = (accepted: string): never => {
    throw new OptionsError(`Chaos: ${name}: ${inspect(value)} is not ${accepted}`)
  }
  if (!(name in CALM))
    throw new OptionsError(
      `Chaos: unknown option ${inspect(name)}; accepted: ${Object.keys(CALM).join(', ')}`,
    )
  const usual = CALM[name as keyof ChaosSettings]
  if (typeof usual === 'boolean') {
    if (typeof value !== 'boolean') refuse('true or false')
  } else if (typeof usual === 'object') {
    const [from, to] = isList(value) ? reading(`Chaos: ${name}`, () => [...value]) : []
    if (!isTime(from) || !isTime(to) || from > to) refuse('a pair of milliseconds, the smaller first')
  } else if (name === 'deadlineMs') {
    if (!isTime(value)) refuse('a number of milliseconds')
  } else if (!isTime(value) || value > 1) refuse('a probability from 0 to 1')
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
