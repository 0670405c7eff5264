/** A span of time, in milliseconds of the wall clock, which threads and processes share. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Returns the milliseconds of `whole` that no span of `parts` covers. */
export function uncovered(whole: Span, parts: readonly Span[]): number {
  let leftMs = 0
  let coveredToMs = whole.fromMs
  const inside = parts.filter((part) => overlap(part, whole))
  for (const { fromMs, toMs } of inside.toSorted((one, other) => one.fromMs - other.fromMs)) {
    leftMs += Math.max(0, fromMs - coveredToMs)
    coveredToMs = Math.max(coveredToMs, toMs)
  }
  return leftMs + Math.max(0, whole.toMs - coveredToMs)
}

export function overlap(one: Span, other: Span): boolean {
  return one.fromMs < other.toMs && other.fromMs < one.toMs
}
