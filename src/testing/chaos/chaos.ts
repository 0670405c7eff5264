import type { Timers } from '../../core/clock.ts'
import { OptionsError, StoreUnavailableError } from '../../core/errors.ts'
import { inspect } from '../../core/inspect.ts'
import { systemTimers } from '../../core/system.ts'
import { SeededRandom } from '../simulation/random.ts'

/** What goes wrong; probabilities from 0 to 1, times in milliseconds. */
export interface ChaosSettings {
  /** How long a call or a message takes besides; default `[0, 0]`. */
  readonly delayMs: readonly [from: number, to: number]
  /** How likely it takes `pauseMs` instead, so that others overtake it; default 0. */
  readonly pause: number
  /** How long it takes then; default `[0, 0]`. */
  readonly pauseMs: readonly [from: number, to: number]
  /** How likely a call fails at once, undone; default 0. */
  readonly errors: number
  /** How likely a call never arrives; its caller waits for the deadline. Default 0. */
  readonly requestLoss: number
  /** How likely a call is executed and its answer never arrives; default 0. */
  readonly replyLoss: number
  /** How likely a message of the bus never arrives; default 0. */
  readonly messageLoss: number
  /** How likely it arrives twice; default 0. */
  readonly messageDuplication: number
  /** Whether nothing passes at all, in either direction, and nobody is told; default `false`. */
  readonly blackHole: boolean
  /** How long a call waits for an answer that does not come; default 500. */
  readonly deadlineMs: number
}

/** Options of {@link Chaos}: what goes wrong from the start, and where chance and time come from. */
export interface ChaosOptions extends Partial<ChaosSettings> {
  /** The same seed, the same chances, call by call; default 1. */
  readonly seed?: number
  /** Default: the system's, for which the process waits. For tests: a `FakeClock`. */
  readonly timers?: Timers
}

/** What has happened so far. */
export interface ChaosCounts {
  /** Calls of what is wrapped. */
  readonly calls: number
  /** Calls that failed: at once, or for want of an answer. */
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

/** Trouble on demand: wrap what a cache works with, and change at run time what goes wrong there. */
export class Chaos {
  readonly #random: SeededRandom
  readonly #timers: Timers
  readonly #counts = { calls: 0, failed: 0, messages: 0, lost: 0 }
  #settings: ChaosSettings = CALM

  /** Without settings nothing goes wrong yet. @throws OptionsError for a setting that can't be. */
  constructor({ seed = 1, timers = systemTimers, ...settings }: ChaosOptions = {}) {
    this.#random = new SeededRandom(seed)
    this.#timers = timers
    this.set(settings)
  }

  /** What goes wrong at the moment. */
  get settings(): ChaosSettings {
    return this.#settings
  }

  /** What has been done to calls and messages so far. */
  get counts(): ChaosCounts {
    return { ...this.#counts }
  }

  /** Changes some settings from now on; the others stay. @throws OptionsError for what can't be one. */
  set(settings: Partial<ChaosSettings>): void {
    for (const [name, value] of Object.entries(settings)) checkSetting(name, value)
    this.#settings = { ...this.#settings, ...settings }
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.#settings = CALM
  }

  /** Has something done, or not, and answered, or not. @throws StoreUnavailableError where it is not answered. */
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

  /** Has a message arrive, or not, or twice, or later. */
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
    const [from, to] = Array.isArray(value) ? (value as readonly unknown[]) : []
    if (!isTime(from) || !isTime(to) || from > to) refuse('a pair of milliseconds, the smaller first')
  } else if (name === 'deadlineMs') {
    if (!isTime(value)) refuse('a number of milliseconds')
  } else if (!isTime(value) || value > 1) refuse('a probability from 0 to 1')
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
