/** A record that an answer shows, in the version that it shows. */
export interface Shown {
  /** `city:2988507` or `country:FR`. */
  readonly record: string
  readonly version: number
}

interface Acknowledged {
  readonly at: number
  readonly version: number
  /** The one process that is known to show it; `undefined`: all of them. */
  readonly process: string | undefined
}

/**
 * The proof. It keeps which version of which record was acknowledged when, and tells of an answer whether
 * all of its records are at least as new as what was acknowledged before its request began.
 */
export class Ledger {
  readonly #acknowledged = new Map<string, Acknowledged[]>()
  #acknowledgements = 0
  #checked = 0
  #stale = 0
  readonly #examples: string[] = []

  /** The moment at which a request begins. */
  now(): number {
    return this.#acknowledgements
  }

  /** Notes versions that every request from now on must see, to any process or to the one named. */
  acknowledge(records: readonly Shown[], process?: string): void {
    this.#acknowledgements += 1
    for (const { record, version } of records) {
      const known = this.#acknowledged.get(record) ?? []
      this.#acknowledged.set(record, [...known, { at: this.#acknowledgements, version, process }])
    }
  }

  /** Checks an answer of a process to a request that began at `beganAt`. */
  check(page: string, beganAt: number, shown: readonly Shown[], process?: string): void {
    if (shown.length === 0) return
    this.#checked += 1
    const older = shown.find(({ record, version }) => version < this.#expected(record, beganAt, process))
    if (!older) return
    this.#stale += 1
    const { record, version } = older
    if (this.#examples.length < 5) {
      const expected = this.#expected(record, beganAt, process)
      this.#examples.push(`${page} showed version ${version} of ${record}, acknowledged was ${expected}`)
    }
  }

  get proof(): Proof {
    return {
      checked: this.#checked,
      stale: this.#stale,
      updates: this.#acknowledgements,
      examples: this.#examples,
    }
  }

  #expected(record: string, beganAt: number, process: string | undefined): number {
    const before = (this.#acknowledged.get(record) ?? []).filter(
      (one) => one.at <= beganAt && (one.process === undefined || one.process === process),
    )
    return Math.max(0, ...before.map(({ version }) => version))
  }
}

export interface Proof {
  /** Answers that showed at least one record. */
  readonly checked: number
  /** Answers that were older than the last acknowledged update. */
  readonly stale: number
  /** Updates that were acknowledged, be it by one process alone. */
  readonly updates: number
  /** The first few stale answers, described. */
  readonly examples: readonly string[]
}
