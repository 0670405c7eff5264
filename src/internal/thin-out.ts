/** A point in time. */
interface Timed {
  readonly atMs: number
}

/**
 * Returns at most `most` of some points in time, which are in their order. Two neighbours become one, with the time of
 * the earlier and all else of the later. They are the two that are closest for their age, so that all times are about
 * equally exact in proportion to their age. No time becomes later.
 */
export function thinnedOut<T extends Timed>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points
  const nowMs = points.at(-1)!.atMs
  let at = 0
  let least = Infinity
  for (let index = 0; index + 1 < points.length; index++) {
    const { atMs } = points[index]!
    const gapMs = points[index + 1]!.atMs - atMs
    const share = gapMs === 0 ? 0 : gapMs / (nowMs - atMs)
    if (share < least) [at, least] = [index, share]
  }
  const merged = { ...points[at + 1]!, atMs: points[at]!.atMs }
  return thinnedOut([...points.slice(0, at), merged, ...points.slice(at + 2)], most)
}
