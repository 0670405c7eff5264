import type { TimerHandle, Timers } from '../../src/core/time/clock.ts'
import type { EventLoop } from '../machine/event-loop.ts'

interface ProcessTimer {
  readonly callback: () => void
  handle: TimerHandle
  cleared: boolean
  dueMs: number
}

/**
 * One process of a simulated world. It may be stopped, as by SIGSTOP or a long collection of garbage. Its timers do not
 * fire then, and arrivals wait. When it goes on, all of that comes at once: due timers before arrivals, as in an event
 * loop.
 *
 * Its machine may be suspended instead. Then its clock stands still, too, so its timers fire later by that time.
 * Anything sent to it is lost.
 */
export class Process implements Timers {
  readonly #loop: EventLoop
  #due: ProcessTimer[] = []
  #arrived: (() => void)[] = []
  #resumed: (() => void)[] = []
  #stopped = false
  #stoppedAtMs = 0
  #stoppedMs = 0
  #isSuspended = false
  #suspendedMs = 0
  readonly #pending = new Set<ProcessTimer>()

  constructor(loop: EventLoop) {
    this.#loop = loop
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  /** Total time for which it has been stopped. */
  get stoppedMs(): number {
    return this.#stoppedMs + (this.#stopped ? this.#loop.now() - this.#stoppedAtMs : 0)
  }

  get isSuspended(): boolean {
    return this.#isSuspended
  }

  /** Total time for which its machine has been suspended, which its clock has missed. */
  get suspendedMs(): number {
    return this.#suspendedMs + (this.#isSuspended ? this.#loop.now() - this.#stoppedAtMs : 0)
  }

  set(callback: () => void, delayMs: number): TimerHandle {
    const timer: ProcessTimer = { callback, handle: undefined, cleared: false, dueMs: 0 }
    this.#start(timer, delayMs)
    return timer
  }

  #start(timer: ProcessTimer, delayMs: number): void {
    timer.dueMs = this.#loop.now() + delayMs
    this.#pending.add(timer)
    timer.handle = this.#loop.set(() => {
      this.#pending.delete(timer)
      if (this.#stopped) this.#due.push(timer)
      else timer.callback()
    }, delayMs)
  }

  clear(handle: TimerHandle): void {
    if (handle === undefined) return
    const timer = handle as ProcessTimer
    timer.cleared = true
    this.#pending.delete(timer)
    this.#loop.clear(timer.handle)
  }

  /** Handles an arrival from outside, now or when the process goes on. */
  receive(arrival: () => void): void {
    if (this.#isSuspended) return
    if (this.#stopped) this.#arrived.push(arrival)
    else arrival()
  }

  /** Resolves after a span of time, if the process runs then. */
  async sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.set(resolve, ms)
    })
  }

  /** Resolves when the process runs, usually at once. */
  async running(): Promise<void> {
    while (this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#resumed.push(resolve)
      })
    }
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#stoppedAtMs = this.#loop.now()
  }

  /** Suspends its machine; `false` = it is stopped, or suspended, already. */
  suspend(): boolean {
    if (this.#stopped) return false
    this.stop()
    this.#isSuspended = true
    for (const { handle } of this.#pending) this.#loop.clear(handle)
    return true
  }

  /** Resumes its machine. */
  resume(): void {
    if (!this.#isSuspended) return
    const heldMs = this.#loop.now() - this.#stoppedAtMs
    this.#suspendedMs = this.suspendedMs
    this.#isSuspended = false
    for (const timer of this.#pending) this.#start(timer, timer.dueMs + heldMs - this.#loop.now())
    this.go()
  }

  go(): void {
    if (!this.#stopped || this.#isSuspended) return
    this.#stoppedMs = this.stoppedMs
    this.#stopped = false
    const [due, arrived, resumed] = [this.#due, this.#arrived, this.#resumed]
    this.#due = []
    this.#arrived = []
    this.#resumed = []
    for (const timer of due) {
      timer.handle = this.#loop.set(() => {
        if (!timer.cleared) timer.callback()
      }, 0)
    }
    for (const arrival of arrived) this.#loop.set(() => this.receive(arrival), 0)
    for (const resume of resumed) this.#loop.set(resume, 0)
  }
}
