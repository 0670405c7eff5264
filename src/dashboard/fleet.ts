import type { Board } from '../core/board.ts'
import type { Runtime } from '../cache/runtime.ts'
import type { TimerHandle } from '../core/time/clock.ts'
import { readSummary, summaryText, type Summary } from './summary.ts'

const PUT_EVERY_MS = 5_000
const LIVES_MS = 15_000
const READ_EVERY_MS = 2_000

const ids = new WeakMap<Runtime, string>()

// A cache has one, because a process may have several dashboards over it, such as one that is read-only.
function idOf(runtime: Runtime): string {
  const id = ids.get(runtime) ?? Math.floor(runtime.random() * 2 ** 52).toString(36)
  ids.set(runtime, id)
  return id
}

/** The dashboards of other processes over the same cache. Each puts its summary up, and reads those of the others. */
export class Fleet {
  readonly #runtime: Runtime
  readonly #board: Board | undefined
  readonly #id: string
  readonly #own: () => Promise<Omit<Summary, 'form' | 'id'>>
  #timer: TimerHandle
  #isClosed = false
  #readAtMs = -Infinity
  #others: Promise<readonly Summary[]> = Promise.resolve([])

  /** `own` returns the summary of this process. */
  constructor(runtime: Runtime, own: () => Promise<Omit<Summary, 'form' | 'id'>>) {
    this.#runtime = runtime
    this.#board = runtime.store.openBoard?.()
    this.#id = idOf(runtime)
    this.#own = own
    if (this.#board !== undefined) void this.#put(this.#board)
  }

  /** Returns the summaries of the other processes, which are asked for every other second at most. */
  others(): Promise<readonly Summary[]> {
    const nowMs = this.#runtime.clock.now()
    if (this.#board === undefined || nowMs - this.#readAtMs < READ_EVERY_MS) return this.#others
    this.#readAtMs = nowMs
    this.#others = this.#read(this.#board)
    return this.#others
  }

  close(): void {
    this.#isClosed = true
    this.#runtime.timers.clear(this.#timer)
    void this.#board?.remove()
  }

  async #read(board: Board): Promise<readonly Summary[]> {
    const others = new Map<string, Summary>()
    for (const text of await board.all()) {
      const summary = readSummary(text)
      if (summary?.cache === this.#runtime.name && summary.id !== this.#id) others.set(summary.id, summary)
    }
    return [...others.values()]
  }

  async #put(board: Board): Promise<void> {
    if (this.#isClosed || this.#runtime.closing !== undefined) return
    this.#timer = this.#runtime.timers.set(() => void this.#put(board), PUT_EVERY_MS)
    try {
      await board.put(summaryText({ ...(await this.#own()), id: this.#id }), LIVES_MS)
    } catch {
      // Other pages lack the figures of this process until the next time.
    }
  }
}
