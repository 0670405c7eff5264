import type { Runtime } from '../cache/runtime.ts'
import type { LoadOutcome } from '../core/observing/events.ts'

/** The labels of a figure. Keys of entries are never among them. */
export type Labels = Readonly<Partial<Record<'cache' | 'family' | 'tier' | 'result' | 'cause', string>>>

/** A figure at the time of a collection. */
export interface Point {
  readonly value: number
  readonly labels: Labels
}

/** A metric whose figures are read when they are collected, so that calls of the cache pay nothing for it. */
export interface Metric {
  /** The name in the form of OpenTelemetry. */
  readonly name: string
  /** The unit in the form of UCUM: `s`, or the thing that is counted, in braces. */
  readonly unit: string
  /** A counter only grows. A gauge goes up and down. */
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  /** Whether the greatest figure stands for several caches of one name, rather than the sum. */
  readonly isMaximum?: boolean
  /** Returns the figures of a cache, with all labels but its name. */
  readonly points: (runtime: Runtime) => readonly Point[]
}

/** The metric of the times of loads, whose figures are recorded when a load ends. */
export const LOAD_DURATION = {
  name: 'cache.load.duration',
  unit: 's',
  help: 'Time that loaders took, once for each of their keys.',
  /** The upper bounds of the buckets in seconds. */
  bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
} as const

/** Returns the label `result` of a load. */
export function loadResult(outcome: LoadOutcome): 'success' | 'failure' | 'timeout' {
  if (outcome === 'failed') return 'failure'
  return outcome === 'timeout' ? 'timeout' : 'success'
}

/** Returns the label of a family. That of the root, whose name is empty, is `(root)`. */
export function familyLabel({ name }: { readonly name: string }): string {
  return name === '' ? '(root)' : name
}
