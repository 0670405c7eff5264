export interface Wait {
  readonly ms: number
  /** `false`: it was still waiting when the load was cut off, so `ms` is the least it would have been. */
  readonly answered: boolean
}

/** A percentile of waits. `atLeast`: it would have been longer, had the load not been cut off. */
export interface Percentile {
  readonly ms: number
  readonly atLeast: boolean
}

/** The wait that this share of all did not exceed. A wait that had not ended makes all above it uncertain. */
export function percentile(waits: readonly Wait[], share: number): Percentile | undefined {
  const sorted = waits.toSorted((one, other) => one.ms - other.ms)
  const upTo = sorted.slice(0, Math.max(1, Math.ceil(share * sorted.length)))
  const found = upTo.at(-1)
  return found && { ms: found.ms, atLeast: upTo.some(({ answered }) => !answered) }
}
