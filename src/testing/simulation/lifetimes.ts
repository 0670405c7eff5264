interface Shortened {
  readonly key: string
  readonly node: string
  readonly beganMs: number
  endedMs: number
  /** When what it concerned is gone at the latest. */
  deadlineMs: number
  ok: boolean
}

/** Judges `expire`: what was in the cache before it is not read after the new end, but for the bound. */
export class Lifetimes {
  readonly #expires: Shortened[] = []
  readonly #boundMs: number

  /** `boundMs` is how long another node's change may stay unseen. */
  constructor(boundMs: number) {
    this.#boundMs = boundMs
  }

  /** An `expire` began; tell its end by `end`. */
  begin(key: string, node: string, nowMs: number): (ok: boolean, ttlMs: number, endedMs: number) => void {
    const expire = { key, node, beganMs: nowMs, endedMs: Infinity, deadlineMs: Infinity, ok: false }
    this.#expires.push(expire)
    return (ok, ttlMs, endedMs) => {
      Object.assign(expire, { ok, endedMs, deadlineMs: endedMs + ttlMs })
    }
  }

  /** Until when a value that has been in the cache since `keptMs` may be read on `node`; `undefined` = nobody said. */
  endOf(key: string, node: string, keptMs: number): number | undefined {
    const concerned = this.#expires.filter((expire) => expire.key === key)
    for (const expire of concerned) {
      if (!expire.ok || keptMs >= expire.beganMs) continue
      // Whatever of these was executed last, the value is gone then.
      const later = concerned.filter(({ endedMs }) => endedMs >= expire.beganMs)
      return Math.max(...later.map((other) => other.deadlineMs + (other.node === node ? 0 : this.#boundMs)))
    }
    return undefined
  }
}
