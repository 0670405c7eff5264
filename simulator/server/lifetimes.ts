interface Shortened {
  readonly key: string
  readonly node: string
  readonly ttlMs: number
  readonly beganMs: number
  endedMs: number
  /** When what it concerned is gone at the latest. */
  deadlineMs: number
  ok: boolean
  /** Whether a server gave an entry a nearer end by it. */
  shortens: boolean
}

/**
 * Judges `expire`: what was in the cache before it is not read after the new end, but for the bound. One that puts the
 * end off binds no copy that a node has of an earlier entry, which the server may have lost: that ends at its own time.
 */
export class Lifetimes {
  readonly #expires: Shortened[] = []
  readonly #boundMs: number

  /** `boundMs` is how long another node's change may stay unseen. */
  constructor(boundMs: number) {
    this.#boundMs = boundMs
  }

  /** An `expire` began; tell its end by `end`. */
  begin(key: string, node: string, ttlMs: number, nowMs: number): (ok: boolean, endedMs: number) => void {
    const never = { endedMs: Infinity, deadlineMs: Infinity, ok: false, shortens: false }
    const expire: Shortened = { key, node, ttlMs, beganMs: nowMs, ...never }
    this.#expires.push(expire)
    return (ok, endedMs) => {
      Object.assign(expire, { ok, endedMs, deadlineMs: endedMs + ttlMs })
    }
  }

  /** A server has executed one that gave the entry of the key a nearer end. */
  shortened(key: string, ttlMs: number): void {
    const expire = this.#expires.findLast((other) => other.key === key && other.ttlMs === ttlMs)
    if (expire !== undefined) expire.shortens = true
  }

  /** Until when a value that has been in the cache since `keptMs` may be read on `node`; `undefined` = nobody said. */
  endOf(key: string, node: string, keptMs: number): number | undefined {
    const concerned = this.#expires.filter((expire) => expire.key === key)
    for (const expire of concerned) {
      if (!expire.ok || !expire.shortens || keptMs >= expire.beganMs) continue
      // Whatever of these was executed last, the value is gone then.
      const later = concerned.filter(({ endedMs }) => endedMs >= expire.beganMs)
      return Math.max(...later.map((other) => other.deadlineMs + (other.node === node ? 0 : this.#boundMs)))
    }
    return undefined
  }
}
