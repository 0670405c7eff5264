export interface Wait {
  readonly ms: number
  /** `false`: it was still waiting when the load was cut off, so `ms` is the least it would have been. */
  readonly answered: boolean
}

/** A percentile of waits. `atLeast`: the request at this place had no answer yet. */
export interface Percentile {
  readonly ms: number
  readonly atLeast: boolean
}

export function percentile(waits: readonly Wait[], share: number): Percentile | undefined {
  const sorted = waits.toSorted((one, other) => one.ms - other.ms)
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return found && { ms: found.ms, atLeast: !found.answered }
}
