import type { Runtime } from '../cache/runtime.ts'
import type { Labels, Metric, Point } from './metric.ts'

/** Returns the figures of a metric of some caches. Those with the same labels become one. */
export function collect(
  { points, isMaximum = false }: Metric,
  runtimes: Iterable<Runtime>,
): readonly Point[] {
  const all = new Map<string, Point>()
  for (const runtime of runtimes) {
    for (const { value, labels: own } of points(runtime)) {
      const labels: Labels = { cache: runtime.name, ...own }
      const id = idOf(labels)
      const same = all.get(id)?.value
      all.set(id, {
        value: same === undefined ? value : isMaximum ? Math.max(same, value) : same + value,
        labels,
      })
    }
  }
  return [...all.values()]
}

/** Returns the text that only equal labels share. */
export function idOf(labels: Labels): string {
  return JSON.stringify(labels)
}
