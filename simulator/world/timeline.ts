import type { WorldReport } from './world.ts'

/** Options of a timeline. */
export interface TimelineOptions {
  /** Whether everything is shown, not only the events around a violation. */
  readonly full?: boolean
  /** Milliseconds before a violation that are shown; 1,000 unless given. */
  readonly beforeMs?: number
}

const AFTER_MS = 50

/**
 * Returns the recorded events of a world, one line each: moment, node, event. Without `full` these are the events
 * around the violations, if any.
 */
export function timeline(
  report: WorldReport,
  { full = false, beforeMs = 1_000 }: TimelineOptions = {},
): string {
  const { happenings, violations } = report
  const lines = [
    ...happenings.map(({ atMs, node, what }) => ({ atMs, node, what })),
    ...violations.map(({ atMs, invariant, message }) => ({
      atMs,
      node: '!!!',
      what: `${invariant}: ${message}`,
    })),
  ].sort((a, b) => a.atMs - b.atMs)
  const isShown = (atMs: number): boolean =>
    full ||
    violations.some((violation) => atMs >= violation.atMs - beforeMs && atMs <= violation.atMs + AFTER_MS)
  const width = Math.max(4, ...lines.map(({ node }) => node.length))
  let skipped = 0
  const shown: string[] = []
  const close = (): void => {
    if (skipped > 0) shown.push(`${' '.repeat(12)}... ${skipped} lines`)
    skipped = 0
  }
  for (const { atMs, node, what } of lines) {
    if (!isShown(atMs)) {
      skipped++
      continue
    }
    close()
    shown.push(`${atMs.toFixed(2).padStart(10)}  ${node.padEnd(width)}  ${what}`)
  }
  close()
  return shown.join('\n')
}
