/** The source of truth of a simulated world: a version of each key that only rises. */
export class Database {
  // The moments at which versions were committed, by key; the first is version 1.
  readonly #commits = new Map<string, number[]>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Makes the next version of a key. */
  commit(key: string): number {
    const commits = this.#commits.get(key)
    if (commits === undefined) this.#commits.set(key, [this.#now()])
    else commits.push(this.#now())
    return commits?.length ?? 1
  }

  version(key: string): number {
    return this.#commits.get(key)?.length ?? 0
  }

  /** Returns the version that a key had at a moment. */
  versionAt(key: string, atMs: number): number {
    return (this.#commits.get(key)?.findLastIndex((commitMs) => commitMs <= atMs) ?? -1) + 1
  }
}
