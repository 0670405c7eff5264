import type { Head } from '../core/remote-store.ts'

/** The most entries whose stamps are kept. */
const LENGTH = 100

/**
 * The last entries of a partition's log that a node has applied in the epoch that it follows. By them it knows a server
 * of another history whose log is shorter than its own (docs/coherence.md, C9).
 */
export class Trail {
  readonly #entries = new Map<number, { readonly stamp: string; readonly atMs: number }>()
  // The highest counter that is not kept, and when all up to it had been applied.
  #before = { counter: -1, atMs: Infinity }

  /** Another history is followed from this head on. */
  begin({ counter, stamp }: Head, nowMs: number): void {
    this.#entries.clear()
    this.#entries.set(counter, { stamp, atMs: nowMs })
    this.#before = { counter: counter - 1, atMs: nowMs }
  }

  /** The next entry has been applied. */
  add({ counter, stamp }: Pick<Head, 'counter' | 'stamp'>, nowMs: number): void {
    this.#entries.set(counter, { stamp, atMs: nowMs })
    if (this.#entries.size <= LENGTH) return
    const [first, { atMs }] = this.#entries.entries().next().value!
    this.#entries.delete(first)
    this.#before = { counter: first, atMs }
  }

  /**
   * Whether what a server has logged, asked at `sentAtMs`, is of another history: under that counter there was
   * something else, or the log had been longer when the server was asked.
   */
  contradicts({ counter, stamp }: Pick<Head, 'counter' | 'stamp'>, sentAtMs: number): boolean {
    const entry = this.#entries.get(counter)
    if (entry !== undefined) return entry.stamp !== stamp
    return counter <= this.#before.counter && sentAtMs > this.#before.atMs
  }
}
