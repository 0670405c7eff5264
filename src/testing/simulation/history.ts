/** Something that happened in a simulated world. */
export interface Happening {
  readonly atMs: number
  readonly node: string
  readonly what: string
}

/** What went against an invariant. */
export interface Violation {
  /** Such as `I2`. */
  readonly invariant: string
  readonly atMs: number
  readonly message: string
}

interface Invalidated {
  readonly version: number
  readonly atMs: number
  readonly node: string
  readonly acknowledged: boolean
}

/**
 * The memory of a simulated world, and its judge: a database whose versions only rise, the invalidations that
 * were acknowledged, and what each read returned.
 */
export class History {
  readonly violations: Violation[] = []
  readonly happenings: Happening[] = []
  readonly #invalidated = new Map<string, Invalidated[]>()
  readonly #now: () => number
  readonly #boundMs: number
  readonly #recording: boolean

  /** `boundMs` is B of the invariants: how long another node's invalidation may stay unseen. */
  constructor(now: () => number, boundMs: number, recording: boolean) {
    this.#now = now
    this.#boundMs = boundMs
    this.#recording = recording
  }

  note(node: string, what: string): void {
    if (this.#recording) this.happenings.push({ atMs: this.#now(), node, what })
  }

  /** An invalidation of `key`, made on `node` after the database had `version`, was acknowledged, or queued there. */
  invalidated(key: string, version: number, node: string, acknowledged: boolean): void {
    const list = this.#invalidated.get(key)
    const entry = { version, atMs: this.#now(), node, acknowledged }
    if (list === undefined) this.#invalidated.set(key, [entry])
    else list.push(entry)
  }

  /** The versions that a read beginning now on `node` must at least return: by everybody's word, and by its own. */
  required(key: string, node: string): { readonly bounded: number; readonly own: number } {
    const nowMs = this.#now()
    let bounded = 0
    let own = 0
    for (const entry of this.#invalidated.get(key) ?? []) {
      if (entry.acknowledged && entry.atMs < nowMs - this.#boundMs) bounded = Math.max(bounded, entry.version)
      if (entry.node === node) own = Math.max(own, entry.version)
    }
    return { bounded, own }
  }

  /** The highest version whose invalidation was acknowledged or queued anywhere: what everybody reads in the end. */
  latest(key: string): number {
    return Math.max(0, ...(this.#invalidated.get(key) ?? []).map((entry) => entry.version))
  }

  /** Judges what a read returned. */
  judge(
    key: string,
    node: string,
    version: number,
    required: { readonly bounded: number; readonly own: number },
  ): void {
    if (version < required.bounded) {
      this.violated(
        'I2',
        `${node} read version ${version} of ${key}; ${required.bounded} was acknowledged before the bound`,
      )
    }
    if (version < required.own) {
      this.violated(
        'I3',
        `${node} read version ${version} of ${key}; it had invalidated up to ${required.own} itself`,
      )
    }
  }

  violated(invariant: string, message: string): void {
    this.violations.push({ invariant, atMs: this.#now(), message })
  }
}
