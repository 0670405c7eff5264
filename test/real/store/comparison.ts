import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import type { Stored } from '../../../src/core/store.ts'
import { RANDOMS, SOFT } from './model-calls.ts'

/** Compares both sides, apart from each side's own values: stamps and drawn generations. */
export class Comparison {
  readonly #store: RemoteStore
  // Own values in the order of their appearance, which is the same on both sides.
  readonly #own = new Map<string, string>()

  constructor(store: RemoteStore) {
    this.#store = store
  }

  /** Returns a form in which answers of both stores are equal if they mean the same. */
  plain(value: unknown, name = ''): unknown {
    if (name === 'stored') return { value: this.#store.view(value as Stored) }
    if (name === 'remainingMs') return roughly(value as number)
    if (name === 'stamp' || name === 'previous' || name === 'origin') return this.#ownName(value as string)
    if (typeof value === 'string' && /^[0-9a-f]{24}$/.test(value)) return this.#generation(value)
    if (typeof value === 'bigint') return `${value}n`
    if (value instanceof Map)
      return [...(value as Map<string, unknown>)]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, one]) => [key, this.plain(one)])
    if (Array.isArray(value)) return value.map((one) => this.plain(one))
    if (typeof value !== 'object' || value === null) return value
    const parts = Object.entries(value)
      // The time of a real server passes for its keys alone.
      .filter(([key, one]) => one !== undefined && key !== 'softenedMs')
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(parts.map(([key, one]) => [key, this.plain(one, key)]))
  }

  #generation(value: string): string {
    const random = value.slice(0, 16)
    // Times of soft invalidations are each side's own.
    const soft = SOFT.includes(value.slice(16)) ? value.slice(16) : 'soft'
    return `${RANDOMS.includes(random) ? random : this.#ownName(random)} ${soft}`
  }

  #ownName(text: string): string {
    if (text === '' || text === 'other' || text.startsWith('invented')) return text
    const known = this.#own.get(text)
    if (known !== undefined) return known
    const name = `own ${this.#own.size}`
    this.#own.set(text, name)
    return name
  }
}

/**
 * Rounds times to minutes. The clocks of both sides agree to a few milliseconds, and calls avoid the moments in
 * between.
 */
export function roughly(ms: number): number {
  return ms === Infinity ? Infinity : Math.round(ms / 60_000)
}
