import type { Clock, Timers } from '../../core/time/clock.ts'

/** The surroundings of a {@link Quarantine}. */
export interface QuarantineOf {
  readonly clock: Clock
  readonly timers: Timers
  /** Is called with the tables that are no longer held. */
  readonly release: (tables: readonly string[]) => void
}

/**
 * The tables that were changed by a write whose end is not known. Queries of a held table are neither read from the cache
 * nor stored, because the write may not be committed yet.
 */
export class Quarantine {
  readonly #forMs: number
  readonly #of: QuarantineOf
  readonly #untilMs = new Map<string, number>()

  constructor(forMs: number, of: QuarantineOf) {
    this.#forMs = forMs
    this.#of = of
  }

  /** Holds the tables from now on. */
  hold(tables: readonly string[]): void {
    if (tables.length === 0) return
    const untilMs = this.#of.clock.now() + this.#forMs
    for (const table of tables) this.#untilMs.set(table, untilMs)
    this.#of.timers.set(() => this.#end(tables, untilMs), this.#forMs)
  }

  /** Whether one of the tables is held. */
  holds(tables: readonly string[]): boolean {
    return this.#untilMs.size > 0 && tables.some((table) => this.#untilMs.has(table))
  }

  // A later write holds the table for longer.
  #end(tables: readonly string[], untilMs: number): void {
    const over = tables.filter((table) => this.#untilMs.get(table) === untilMs)
    if (over.length === 0) return
    this.#of.release(over)
    for (const table of over) this.#untilMs.delete(table)
  }
}
