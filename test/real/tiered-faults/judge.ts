// Compares the histories of all nodes with the invariants of coherence.
import { kindOf, type Invalidation, type Kind, type NodeHistory } from './scheme.ts'

/**
 * The span in which a server that has lost data may return old entries: from the fault until its discovery and repair.
 */
export interface BlindSpan {
  readonly fromMs: number
  readonly untilMs: number
}

export interface Verdict {
  readonly reads: number
  readonly acknowledged: number
  /** Time for which the oldest read had been superseded when it began, in milliseconds. */
  readonly worstMs: number
  /** The same, except for the blind span. */
  readonly worstInSightMs: number
  /** Number of breaches of each invariant, without zeros. */
  readonly violations: Readonly<Record<string, number>>
  /** The beginning of the last read that was more than `NOTABLE_MS` behind; -Infinity without one. */
  readonly lastBehindAtMs: number
}

/** Lags below this are usual for messages between busy processes. */
export const NOTABLE_MS = 250

const BOUNDED: Record<Kind, string> = { key: 'I2', row: 'I2', tag: 'I9', namespace: 'I10' }

/** The moments at which the version that a row must have rose. */
class Steps {
  readonly #steps: { readonly atMs: number; readonly version: number }[] = []

  add({ atMs, version }: Invalidation): void {
    if (version > (this.#steps.at(-1)?.version ?? 0)) this.#steps.push({ atMs, version })
  }

  /** Returns the moment at which a newer version was known; `undefined` if not before `beforeMs`. */
  supersededAt(version: number, beforeMs: number): number | undefined {
    let low = 0
    let high = this.#steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#steps[middle]!.version > version) high = middle
      else low = middle + 1
    }
    const atMs = this.#steps[low]?.atMs
    return atMs !== undefined && atMs < beforeMs ? atMs : undefined
  }
}

function stepsOf(invalidations: readonly Invalidation[]): Map<number, Steps> {
  const byRow = new Map<number, Steps>()
  for (const one of invalidations.toSorted((a, b) => a.atMs - b.atMs)) {
    const steps = byRow.get(one.row) ?? new Steps()
    byRow.set(one.row, steps)
    steps.add(one)
  }
  return byRow
}

export function judge(
  histories: readonly NodeHistory[],
  boundMs: number,
  blind: BlindSpan | undefined,
): Verdict {
  const all = histories.flatMap(({ invalidations }) => invalidations)
  const acknowledged = all.filter((one) => one.isAcknowledged)
  const known = stepsOf(acknowledged)
  const violations: Record<string, number> = {}
  const count = (invariant: string): void => {
    violations[invariant] = (violations[invariant] ?? 0) + 1
  }
  let reads = 0
  let worstMs = 0
  let worstInSightMs = 0
  let lastBehindAtMs = -Infinity
  for (const { node, reads: columns, rejections } of histories) {
    for (const _ of rejections) count('I11')
    // Invalidations in its outbox count for the node itself.
    const own = stepsOf(all.filter((one) => one.node === node))
    reads += columns.rows.length
    for (const [index, row] of columns.rows.entries()) {
      const version = columns.versions[index]!
      const startedAtMs = columns.startedAtMs[index]!
      const supersededAtMs = known.get(row)?.supersededAt(version, startedAtMs)
      const behindMs = supersededAtMs === undefined ? 0 : startedAtMs - supersededAtMs
      worstMs = Math.max(worstMs, behindMs)
      if (behindMs > NOTABLE_MS) lastBehindAtMs = Math.max(lastBehindAtMs, startedAtMs)
      if (blind !== undefined && blind.fromMs <= startedAtMs && startedAtMs < blind.untilMs) continue
      worstInSightMs = Math.max(worstInSightMs, behindMs)
      if (behindMs > boundMs) count(BOUNDED[kindOf(row)])
      if (own.get(row)?.supersededAt(version, startedAtMs) !== undefined) count('I3')
      if (version < columns.vouched[index]!) count('I4')
    }
  }
  return { reads, acknowledged: acknowledged.length, worstMs, worstInSightMs, violations, lastBehindAtMs }
}
