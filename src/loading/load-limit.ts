interface Waiting {
  readonly limit: number
  readonly go: () => void
}

/** Lets loads begin while fewer than their limit are under way. The others wait in their order. */
export class LoadLimit {
  #inside = 0
  readonly #queue = new Set<Waiting>()

  /** Counts a load in. If it has to wait, returns a promise of its turn, and a way to let it in at once. */
  enter(limit: number): { readonly turn: Promise<void>; readonly hurry: () => void } | undefined {
    if (this.#inside < limit) {
      this.#inside++
      return undefined
    }
    let go!: () => void
    const turn = new Promise<void>((resolve) => {
      go = resolve
    })
    const waiting = { limit, go }
    this.#queue.add(waiting)
    return { turn, hurry: () => this.#admit(waiting) }
  }

  /** Whether a load with this limit would not have to wait. */
  hasRoom(limit: number): boolean {
    return this.#inside < limit
  }

  /** Counts a load out, because it has ended. */
  leave(): void {
    this.#inside--
    for (const waiting of this.#queue) if (this.#inside < waiting.limit) return this.#admit(waiting)
  }

  #admit(waiting: Waiting): void {
    if (!this.#queue.delete(waiting)) return
    this.#inside++
    waiting.go()
  }
}
