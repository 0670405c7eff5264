import type { Clock, TimerHandle, Timers } from '../../src/core/time/clock.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/**
 * The time of a simulated world: events in the order of their moments, one at a time. Between two events every promise
 * that can settle does. Nothing in it depends on the machine.
 */
export class EventLoop implements Clock, Timers {
  #nowMs = 0
  #order = 0
  // A binary heap by moment, then by the order of scheduling.
  readonly #heap: Event[] = []

  now(): number {
    return this.#nowMs
  }

  /** Returns a moment of a fixed year, because the hosts have wall clocks of their own in the world. */
  wallNow(): number {
    return 1_767_225_600_000 + this.#nowMs
  }

  /** Number of events that have not happened. */
  get pending(): number {
    return this.#heap.filter((event) => !event.cancelled).length
  }

  set(callback: () => void, delayMs: number): TimerHandle {
    const event = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run: callback,
      cancelled: false,
    }
    this.#push(event)
    return event
  }

  clear(handle: TimerHandle): void {
    if (handle !== undefined) (handle as Event).cancelled = true
  }

  /** Resolves after a span of simulated time. */
  async sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.set(resolve, ms)
    })
  }

  /** Runs the events until `untilMs`. */
  async runUntil(untilMs: number): Promise<void> {
    await settle()
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop()
      if (next.cancelled) continue
      this.#nowMs = next.atMs
      next.run()
      await settle()
    }
    this.#nowMs = untilMs
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

async function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
