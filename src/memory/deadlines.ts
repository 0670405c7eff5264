// Deadlines are kept as whole milliseconds since a base that moves on, in four bytes.
const NEVER = 0xffffffff
const FAR = 0xfffffffe
// The base moves on after 2^30 ms, some 12 days, so that near deadlines always fit.
const REBASE_MS = 2 ** 30

/**
 * The deadlines of entries: four bytes a slot, none as long as no entry has a deadline. They are rounded down to whole
 * milliseconds, so that no entry outlives its ttl. The few deadlines more than 49 days ahead are kept apart.
 */
export class Deadlines {
  #offsets: Uint32Array | undefined
  #capacity: number
  #baseMs: number
  readonly #far = new Map<number, number>()

  constructor(capacity: number, nowMs: number) {
    this.#capacity = capacity
    this.#baseMs = Math.floor(nowMs)
  }

  /** Makes room for `capacity` slots. */
  grow(capacity: number): void {
    this.#capacity = capacity
    if (this.#offsets === undefined) return
    const offsets = new Uint32Array(capacity)
    offsets.fill(NEVER, this.#offsets.length)
    offsets.set(this.#offsets)
    this.#offsets = offsets
  }

  /** Sets a slot's deadline; `Infinity` is none. */
  set(slot: number, deadlineMs: number, nowMs: number): void {
    if (this.#offsets === undefined) {
      if (deadlineMs === Infinity) return
      this.#offsets = new Uint32Array(this.#capacity).fill(NEVER)
    }
    if (nowMs - this.#baseMs > REBASE_MS) this.#rebase(nowMs)
    if (this.#offsets[slot] === FAR) this.#far.delete(slot)
    const offset = Math.max(0, Math.floor(deadlineMs - this.#baseMs))
    if (offset < FAR) this.#offsets[slot] = offset
    else if (deadlineMs === Infinity) this.#offsets[slot] = NEVER
    else {
      this.#offsets[slot] = FAR
      this.#far.set(slot, Math.floor(deadlineMs))
    }
  }

  /** Returns the deadline in milliseconds, or `Infinity` if there is none. */
  at(slot: number): number {
    if (this.#offsets === undefined) return Infinity
    const offset = this.#offsets[slot]!
    if (offset < FAR) return this.#baseMs + offset
    return offset === NEVER ? Infinity : this.#far.get(slot)!
  }

  /** Forgets the deadline of a slot. */
  clear(slot: number): void {
    if (this.#offsets === undefined) return
    if (this.#offsets[slot] === FAR) this.#far.delete(slot)
    this.#offsets[slot] = NEVER
  }

  /** Forgets all deadlines. */
  clearAll(): void {
    this.#offsets?.fill(NEVER)
    this.#far.clear()
  }

  #rebase(nowMs: number): void {
    const offsets = this.#offsets!
    const base = Math.floor(nowMs)
    const shift = base - this.#baseMs
    for (let slot = 0; slot < offsets.length; slot++) {
      // A past deadline stays past, because offset 0 is the new base, which is now.
      if (offsets[slot]! < FAR) offsets[slot] = Math.max(0, offsets[slot]! - shift)
    }
    this.#baseMs = base
    for (const [slot, deadlineMs] of this.#far) {
      if (deadlineMs - base >= FAR) continue
      offsets[slot] = Math.max(0, deadlineMs - base)
      this.#far.delete(slot)
    }
  }
}
