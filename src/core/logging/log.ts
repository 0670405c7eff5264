import type { Clock } from '../time/clock.ts'
import { report, type Logger } from './logger.ts'

/** The pause after the first line of a notice, and after each later one. */
const PAUSES_MS = [10_000, 60_000]
/** The most lines about the beginning of a condition within `WINDOW_MS`. */
const MOST_TOLD = 5
const WINDOW_MS = 60_000

type Level = 'debug' | 'info' | 'warn' | 'error'

/** Writes to a user's logger, which may throw, and limits the repetition of a message. */
export class Log {
  readonly clock: Clock
  readonly #logger: Logger
  readonly #context: () => object
  readonly #notices = new Map<string, { nextMs: number; said: number; count: number }>()

  /** `context` returns the details that every line begins with. */
  constructor(logger: Logger, clock: Clock, context: () => object) {
    this.#logger = logger
    this.clock = clock
    this.#context = context
  }

  /** Writes a line. */
  write(level: Level, details: object, message: string): void {
    report(this.#logger, level, { ...this.#context(), ...details }, message)
  }

  /**
   * Writes a line about an event that may repeat. The next line of the topic follows after a growing pause, and its
   * `count` is the number of events that it stands for.
   */
  notice(level: Level, details: object, message: string, topic: string = message): void {
    const nowMs = this.clock.now()
    let notice = this.#notices.get(topic)
    if (notice === undefined || nowMs - notice.nextMs >= WINDOW_MS) {
      notice = { nextMs: nowMs, said: 0, count: notice?.count ?? 0 }
      this.#notices.set(topic, notice)
    }
    notice.count++
    if (nowMs < notice.nextMs) return
    const { count } = notice
    notice.count = 0
    notice.nextMs = nowMs + PAUSES_MS[Math.min(notice.said, PAUSES_MS.length - 1)]!
    notice.said++
    this.write(level, count > 1 ? { ...details, count } : details, message)
  }
}

/** The log lines about a condition. */
export interface ConditionTexts {
  readonly level: 'warn' | 'error'
  readonly began: string
  readonly ended: string
}

/**
 * A trouble with a beginning and an end. Each is logged once, however many callers report it. A condition that comes
 * and goes all the time is logged five times a minute at most.
 */
export class Condition {
  readonly #log: Log
  #texts: ConditionTexts | undefined = undefined
  #sinceMs: number | undefined = undefined
  #isTold = false
  #failedCalls = 0
  #windowMs = -Infinity
  #told = 0
  #untold = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether the condition has begun and not ended. */
  get holds(): boolean {
    return this.#sinceMs !== undefined
  }

  begin(texts: ConditionTexts, details: object): void {
    const nowMs = this.#log.clock.now()
    this.#sinceMs ??= nowMs
    // A reason that needs a person's attention may be found out later.
    if (this.#isTold && !(texts.level === 'error' && this.#texts?.level === 'warn')) return
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      this.#windowMs = nowMs
      this.#told = 0
    }
    if (this.#told >= MOST_TOLD) return
    this.#told++
    this.#isTold = true
    this.#texts = texts
    const more = this.#untold > 0 ? { ...details, untold: this.#untold } : details
    this.#untold = 0
    this.#log.write(texts.level, more, texts.began)
  }

  /** Counts a call that failed because of the condition, or just before it began. */
  failed(): void {
    this.#failedCalls++
  }

  end(details: object = {}): void {
    const failedCalls = this.#failedCalls
    this.#failedCalls = 0
    if (this.#sinceMs === undefined) return
    const durationMs = Math.round(this.#log.clock.now() - this.#sinceMs)
    this.#sinceMs = undefined
    if (!this.#isTold) {
      this.#untold++
      return
    }
    this.#isTold = false
    this.#log.write('info', { ...details, durationMs, failedCalls }, this.#texts!.ended)
  }

  /** Ends the condition without a line, because another line has said more. */
  drop(): void {
    this.#sinceMs = undefined
    this.#isTold = false
    this.#failedCalls = 0
  }
}

const told = new WeakSet<object>()

/** Notes that the cause of the error is logged elsewhere, by the code that made it. Returns the error. */
export function toldElsewhere<T extends object>(error: T): T {
  told.add(error)
  return error
}

/** Whether the cause of this error is logged by the code that made it. */
export function isToldElsewhere(error: unknown): boolean {
  return typeof error === 'object' && error !== null && told.has(error)
}
