interface Shortened {
  readonly key: string
  readonly node: string
  readonly ttlMs: number
  readonly beganMs: number
  endedMs: number
  /** The latest end of the entries that it concerned. */
  deadlineMs: number
  ok: boolean
  /** Whether a server gave an entry a nearer end by it. */
  shortens: boolean
}

/**
 * Judges `expire`: values that were in the cache before it are not read after the new end, apart from the bound. One
 * that postpones the end binds no node's copy of an earlier entry, which the server may have lost. That copy ends at
 * its own time.
 */
export class Lifetimes {
  readonly #expires: Shortened[] = []
  readonly #boundMs: number

  /** `boundMs` is the time for which another node's change may stay unseen. */
  constructor(boundMs: number) {
    this.#boundMs = boundMs
  }

  /** Begins an `expire`. The caller reports its end by the returned function. */
  begin(key: string, node: string, ttlMs: number, nowMs: number): (ok: boolean, endedMs: number) => void {
    const never = { endedMs: Infinity, deadlineMs: Infinity, ok: false, shortens: false }
    const expire: Shortened = { key, node, ttlMs, beganMs: nowMs, ...never }
    this.#expires.push(expire)
    return (ok, endedMs) => {
      Object.assign(expire, { ok, endedMs, deadlineMs: endedMs + ttlMs })
    }
  }

  /** Notes that a server has executed an `expire` that gave the entry of the key a nearer end. */
  shortened(key: string, ttlMs: number): void {
    const expire = this.#expires.findLast((other) => other.key === key && other.ttlMs === ttlMs)
    if (expire !== undefined) expire.shortens = true
  }

  /**
   * Returns the moment until which a value that has been in the cache since `keptMs` may be read on `node`.
   * `undefined` = no `expire` limits it.
   */
  endOf(key: string, node: string, keptMs: number): number | undefined {
    const concerned = this.#expires.filter((expire) => expire.key === key)
    for (const expire of concerned) {
      if (!expire.ok || !expire.shortens || keptMs >= expire.beganMs) continue
      // The value is gone at the latest of these, whichever was executed last.
      const later = concerned.filter(({ endedMs }) => endedMs >= expire.beganMs)
      return Math.max(...later.map((other) => other.deadlineMs + (other.node === node ? 0 : this.#boundMs)))
    }
    return undefined
  }
}
