// Compares the reads with the invalidations that were acknowledged before they began. All times are of one clock that
// the processes share.

/** A write of the database whose invalidation was acknowledged. */
export interface Acknowledged {
  readonly key: number
  readonly version: number
  readonly atMs: number
  readonly node: number
}

/** The results of a reader, in columns because there are hundreds of thousands of them. */
export interface Reads {
  readonly node: number
  readonly keys: Uint8Array
  readonly versions: Uint32Array
  readonly startedAtMs: Float64Array
}

export interface Verdict {
  readonly reads: number
  readonly acknowledged: number
  /** Number of reads older than an invalidation acknowledged before they began. */
  readonly stale: number
  /** Number of these on the node that had invalidated. */
  readonly staleOnOwnNode: number
  /** Time for which the oldest of them had been superseded when it began, in milliseconds. */
  readonly worstMs: number
}

interface Step {
  readonly atMs: number
  /** The highest version acknowledged until then. */
  readonly version: number
}

/** Returns the steps by which the acknowledged version of each key rose. */
function stepsByKey(acknowledged: readonly Acknowledged[]): Step[][] {
  const byKey: Step[][] = []
  for (const { key, version, atMs } of acknowledged.toSorted((one, other) => one.atMs - other.atMs)) {
    const steps = (byKey[key] ??= [])
    if (version > (steps.at(-1)?.version ?? 0)) steps.push({ atMs, version })
  }
  return byKey
}

/** Returns the first step above `version` that was taken before `beforeMs`. */
function supersededAt(steps: readonly Step[], version: number, beforeMs: number): number | undefined {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (steps[middle]!.version > version) high = middle
    else low = middle + 1
  }
  const step = steps[low]
  return step !== undefined && step.atMs < beforeMs ? step.atMs : undefined
}

export function judge(acknowledged: readonly Acknowledged[], reads: readonly Reads[]): Verdict {
  const all = stepsByKey(acknowledged)
  let count = 0
  let stale = 0
  let staleOnOwnNode = 0
  let worstMs = 0
  for (const { node, keys, versions, startedAtMs } of reads) {
    const own = stepsByKey(acknowledged.filter((one) => one.node === node))
    count += keys.length
    for (const [index, key] of keys.entries()) {
      const version = versions[index]!
      const started = startedAtMs[index]!
      const at = supersededAt(all[key] ?? [], version, started)
      if (at === undefined) continue
      stale += 1
      worstMs = Math.max(worstMs, started - at)
      if (supersededAt(own[key] ?? [], version, started) !== undefined) staleOnOwnNode += 1
    }
  }
  return { reads: count, acknowledged: acknowledged.length, stale, staleOnOwnNode, worstMs }
}
