import type { History } from './history.ts'

interface Granted {
  readonly key: string
  readonly atMs: number
  fills: number
}

/** Watches the leases of a simulated server: I6, I7, and the time for which one may be held (I12, I20). */
export class LeaseWatch {
  readonly #history: History
  readonly #now: () => number
  readonly #longestMs: number
  readonly #latestMs: number
  readonly #byToken = new Map<string, Granted>()
  readonly #loads = new Map<string, number>()
  readonly #expired: string[] = []
  // Calls and loaders under way, by node and key, and the end of the last one.
  readonly #busy = new Map<string, { open: number; endedMs: number }>()

  /**
   * `longestMs` is the time for which a node may renew a lease. `latestMs` is the time that its call may take to
   * arrive.
   */
  constructor(history: History, now: () => number, longestMs: number, latestMs: number) {
    this.#latestMs = latestMs
    this.#history = history
    this.#now = now
    this.#longestMs = longestMs
  }

  granted(key: string, token: string): void {
    if (!this.#byToken.has(token)) this.#byToken.set(token, { key, atMs: this.#now(), fills: 0 })
  }

  renewed(key: string, token: string): void {
    const heldMs = this.#now() - (this.#byToken.get(token)?.atMs ?? 0)
    if (heldMs > this.#longestMs + this.#latestMs)
      this.#history.violated('I12', `the lease ${token} of ${key} is renewed after ${heldMs} ms`)
    const node = token.slice(0, token.lastIndexOf(':'))
    const busy = this.#busy.get(`${node} ${key}`)
    if (busy === undefined || busy.open > 0 || this.#now() - busy.endedMs <= 2 * this.#latestMs) return
    this.#history.violated('I20', `the lease ${token} of ${key} is renewed, and ${node} loads it no more`)
  }

  /** Begins a call or a loader of the key that may hold a lease. The caller reports its end. */
  begin(node: string, key: string): () => void {
    const name = `${node} ${key}`
    const busy = this.#busy.get(name) ?? { open: 0, endedMs: 0 }
    this.#busy.set(name, busy)
    busy.open++
    return () => {
      busy.open--
      busy.endedMs = this.#now()
    }
  }

  filled(key: string, token: string): void {
    const granted = this.#byToken.get(token)
    if (granted !== undefined && ++granted.fills > 1)
      this.#history.violated('I7', `${granted.fills} fills of ${key} were accepted under the lease ${token}`)
  }

  /** Notes that the server let a lease end by itself. */
  expired(token: string): void {
    const granted = this.#byToken.get(token)
    if (granted !== undefined && this.#now() - granted.atMs < this.#longestMs) this.#expired.push(token)
  }

  loaded(key: string): void {
    this.#loads.set(key, (this.#loads.get(key) ?? 0) + 1)
  }

  /**
   * Judges a world in which every request was answered in time: each load had a lease of its own. With `keepsLeases` no
   * lease is evicted, so each load kept its lease to its end.
   */
  judge(keepsLeases: boolean): void {
    for (const [key, loads] of this.#loads) {
      const leases = [...this.#byToken.values()].filter((granted) => granted.key === key).length
      if (loads > leases) this.#history.violated('I6', `${loads} loads of ${key} under ${leases} leases`)
    }
    if (!keepsLeases) return
    for (const token of this.#expired)
      this.#history.violated('I6', `the lease ${token} expired while its holder lived`)
  }
}
