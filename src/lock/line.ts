import { onAbort } from '../core/abort.ts'
import type { AcquireAnswer, AcquireRequest, AtomicStore } from '../core/atomic-store.ts'
import { askAgainMs, PLACE_MS, retryMs } from './delays.ts'
import { handOver } from './hand-over.ts'
import { HeldLock } from './held-lock.ts'
import type { LockSettings } from './options.ts'
import { acquireStep, releaseStep } from './steps.ts'
import { Waiter } from './waiter.ts'
import { busy, unavailable, type Wanted } from './wanted.ts'

// A question for more callers than this would cost the server too long.
const MOST_ASKED = 32

type Outcome = AcquireAnswer | { readonly error: unknown }

const lines = new WeakMap<AtomicStore, Map<string, Line>>()

/** Returns the line of this process for a lock or semaphore. */
export function lineOf(wanted: Wanted): Line {
  const { store, state, permits } = wanted
  const known = lines.get(store) ?? linesOf(store)
  const id = `${state.kind}{${permits}{${state.key}`
  const line = known.get(id) ?? new Line(wanted, () => known.delete(id))
  known.set(id, line)
  return line
}

function linesOf(store: AtomicStore): Map<string, Line> {
  const known = new Map<string, Line>()
  lines.set(store, known)
  const { closed } = store
  if (closed !== undefined)
    onAbort(closed, (reason) => {
      for (const line of known.values()) line.dissolve(reason)
    })
  return known
}

/**
 * The callers of this process that want a permit of one lock or semaphore: first come, first served. One asker speaks
 * for all of them, so that a release costs one question to the store for any number of callers.
 */
export class Line {
  readonly #wanted: Wanted
  readonly #forget: () => void
  readonly #waiters = new Set<Waiter>()
  /** The first of the waiters that no question was for yet. */
  #rest: IterableIterator<Waiter> | undefined
  /** The callers that the last question was for. */
  #front = new Set<Waiter>()
  #isUnderWay = false
  /** The number of permits held in this process. */
  #held = 0
  #isAsking = false
  /** The result of the last question; `undefined` before the first. */
  #outcome: Outcome | undefined
  /** The name of the place in the queue of all processes, if there may be one. */
  #place: string | undefined
  /** The time since which the line has made no progress. */
  #sinceMs = 0
  #isWoken = false
  #endPause: (() => void) | undefined

  constructor(wanted: Wanted, forget: () => void) {
    this.#wanted = wanted
    this.#forget = forget
  }

  /** Waits for a permit, at most for `longestMs`. */
  wait(settings: LockSettings, longestMs: number, signal: AbortSignal | undefined): Promise<HeldLock> {
    const waiter = new Waiter({
      store: this.#wanted.store,
      settings,
      longestMs,
      signal,
      // An answer under way may be the permit, or tell why there is none.
      onLate: (late) => {
        if (this.#outcome !== undefined && !this.#isAskedFor(late)) this.#dismiss(late)
      },
      onLeave: (left) => this.#leave(left),
    })
    this.#waiters.add(waiter)
    if (!this.#isAsking) void this.#ask()
    return waiter.held
  }

  /** Makes the holding of a granted permit. */
  hold(token: string, fence: number, settings: LockSettings, sentMs: number): HeldLock {
    const { store, state } = this.#wanted
    this.#held++
    const onEnd = (): void => {
      this.#held--
      this.#wake()
      this.#forgetIfIdle()
    }
    return new HeldLock({ store, state, settings, token, fence, sentMs, onEnd })
  }

  /** Gives back a permit that no caller here waits for any more, or that may have been granted. */
  giveBack(token: string): void {
    void this.#release(token).then(() => {
      this.#wake()
      this.#forgetIfIdle()
    })
  }

  /** Rejects all callers that wait. */
  dissolve(reason: unknown): void {
    for (const waiter of this.#waiters) waiter.leave(reason)
  }

  async #ask(): Promise<void> {
    const { store, permits } = this.#wanted
    this.#isAsking = true
    this.#sinceMs = store.clock.now()
    // One question is for all callers that come in the same turn.
    await Promise.resolve()
    while (this.#waiters.size > 0) {
      this.#isWoken = false
      const areAllGiven = await this.#question()
      if (this.#waiters.size === 0) break
      const mayMoreBeFree = areAllGiven && this.#held < permits
      if (!this.#isWoken && !mayMoreBeFree) await this.#pause(this.#delayMs())
      const turn = handOver(store)
      if (turn !== undefined) await turn
    }
    this.#isAsking = false
    if (this.#place !== undefined) void this.#release(this.#place)
    this.#place = undefined
    this.#forgetIfIdle()
  }

  /** Asks for the first callers. Returns whether all of them were given a permit. */
  async #question(): Promise<boolean> {
    const { clock } = this.#wanted.store
    const asked = this.#refillFront()
    const isFirst = this.#outcome === undefined
    const sentMs = clock.now()
    this.#isUnderWay = true
    const outcome = await this.#run(this.#request(asked))
    this.#isUnderWay = false
    this.#outcome = outcome
    const fences = 'error' in outcome ? undefined : outcome.fences
    let index = 0
    let given = 0
    for (const waiter of asked) {
      const fence = fences?.[index++] ?? 0
      waiter.isUnsure = fences === undefined
      if (!this.#waiters.has(waiter)) {
        if (fence > 0 || waiter.isUnsure) this.giveBack(waiter.token)
      } else if (fence > 0) {
        this.#waiters.delete(waiter)
        waiter.take(this.hold(waiter.token, fence, waiter.settings, sentMs))
        given++
      }
    }
    if (given > 0) this.#sinceMs = clock.now()
    for (const waiter of isFirst ? this.#waiters : asked)
      if (waiter.isLate && this.#waiters.has(waiter)) this.#dismiss(waiter)
    return given === asked.size
  }

  /** Returns the first callers, by a walk that does not begin anew at each question. */
  #refillFront(): ReadonlySet<Waiter> {
    const most = Math.min(this.#wanted.permits, MOST_ASKED)
    const front = new Set<Waiter>()
    for (const waiter of this.#front) if (this.#waiters.has(waiter)) front.add(waiter)
    while (front.size < most) {
      this.#rest ??= this.#waiters.values()
      const { done, value } = this.#rest.next()
      if (done === true) {
        this.#rest = undefined
        break
      }
      front.add(value)
    }
    this.#front = front
    return front
  }

  #isAskedFor(waiter: Waiter): boolean {
    return this.#isUnderWay && this.#front.has(waiter)
  }

  #request(asked: ReadonlySet<Waiter>): AcquireRequest {
    const more = this.#waiters.size > asked.size
    const wanted = Array.from(asked, ({ token, settings }) => ({ token, ttlMs: settings.ttlMs }))
    // The name is as unique as the token, and differs from every token.
    this.#place ??= `${wanted[0]!.token}+`
    return {
      wanted,
      permits: this.#wanted.permits,
      place: this.#place,
      placeMs: PLACE_MS,
      more,
    }
  }

  async #run(request: AcquireRequest): Promise<Outcome> {
    const { store, state } = this.#wanted
    try {
      const answer = await store.run(acquireStep, state, request)
      if (!request.more && !answer.fences.includes(0)) this.#place = undefined
      return answer
    } catch (error) {
      return { error }
    }
  }

  #delayMs(): number {
    const { store, permits } = this.#wanted
    const outcome = this.#outcome!
    if ('error' in outcome) return retryMs(store.random)
    // Only this process can release a permit. The question just keeps the place.
    if (this.#held >= permits) return PLACE_MS / 2
    return askAgainMs({ ...outcome, waitedMs: store.clock.now() - this.#sinceMs }, store.random)
  }

  async #pause(delayMs: number): Promise<void> {
    const { timers } = this.#wanted.store
    await new Promise<void>((resolve) => {
      const timer = timers.set(() => this.#endPause?.(), delayMs, 'awaited')
      this.#endPause = () => {
        this.#endPause = undefined
        timers.clear(timer)
        resolve()
      }
    })
  }

  #wake(): void {
    this.#isWoken = true
    this.#sinceMs = this.#wanted.store.clock.now()
    this.#endPause?.()
  }

  #dismiss(waiter: Waiter): void {
    const outcome = this.#outcome!
    const isAnswered = !('error' in outcome)
    waiter.leave(isAnswered ? busy(this.#wanted, waiter.longestMs) : unavailable(this.#wanted, outcome.error))
  }

  #leave(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    if (waiter.isUnsure && !this.#isAskedFor(waiter)) this.giveBack(waiter.token)
    if (this.#waiters.size === 0) this.#endPause?.()
  }

  async #release(token: string): Promise<void> {
    const { store, state } = this.#wanted
    try {
      await store.run(releaseStep, state, { token })
    } catch {
      // The permit or the place ends by itself.
    }
  }

  #forgetIfIdle(): void {
    if (!this.#isAsking && this.#waiters.size === 0 && this.#held === 0) this.#forget()
  }
}
