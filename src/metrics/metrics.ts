import type { Runtime } from '../cache/runtime.ts'
import type { Counters } from '../core/counters.ts'
import { familyLabel, type Labels, type Metric, type Point } from './metric.ts'

/** The metrics of a cache that are counted anyway. Names are those of Micrometer where it has one. */
export const METRICS: readonly Metric[] = [
  {
    name: 'cache.gets',
    unit: '{get}',
    kind: 'counter',
    help: 'Reads of a key, by result (hit or miss; a stale value is a miss) and, for hits, by tier.',
    points: byFamily((counters, { store }) => {
      const { hits, l2Hits, misses } = counters
      const miss = { value: misses, labels: { result: 'miss' } }
      if (store.tierOf === undefined) return [{ value: hits, labels: { result: 'hit', tier: 'l1' } }, miss]
      return [
        { value: hits - l2Hits, labels: { result: 'hit', tier: 'l1' } },
        { value: l2Hits, labels: { result: 'hit', tier: 'l2' } },
        miss,
      ]
    }),
  },
  counted('cache.puts', '{entry}', 'Values stored by writes and loads.', 'writes'),
  {
    name: 'cache.evictions',
    unit: '{entry}',
    kind: 'counter',
    help: 'Entries removed from memory for room, by the bound that was reached.',
    points: ({ store }) => byLabel('cause', store.stats().evictions),
  },
  {
    name: 'cache.expirations',
    unit: '{entry}',
    kind: 'counter',
    help: 'Entries removed from memory for age, by the finder.',
    points: ({ store }) => byLabel('cause', store.stats().expirations),
  },
  {
    name: 'cache.size',
    unit: '{entry}',
    kind: 'gauge',
    help: 'Entries in the memory of the process.',
    points: ({ store }) => known(store.stats().entries),
  },
  counted('cache.load.coalesced', '{get}', 'Callers that shared the load of another.', 'coalesced'),
  counted('cache.refreshes', '{load}', 'Loads that no caller waited for.', 'refreshes'),
  {
    name: 'cache.stale.served',
    unit: '{get}',
    kind: 'counter',
    help: 'Stale values that callers got, by the reason why there was no fresh one.',
    points: byFamily(({ staleServed }) => byLabel('cause', staleServed)),
  },
  counted(
    'cache.fill.refused',
    '{load}',
    'Loaded values not stored, because their key was written or invalidated during the load.',
    'refusedFills',
  ),
  counted('cache.invalidations', '{entry}', 'Keys and tags removed on request.', 'invalidations'),
  {
    name: 'cache.invalidation.queued',
    unit: '{invalidation}',
    kind: 'gauge',
    help: 'Invalidations that the shared server has not acknowledged yet.',
    points: ({ store }) => {
      const { outbox } = store.stats()
      return known(outbox && outbox.keys + outbox.tags + outbox.prefixes + outbox.overflowed)
    },
  },
  {
    name: 'cache.invalidation.dropped',
    unit: '{invalidation}',
    kind: 'counter',
    help: 'Invalidations given up before the shared server has acknowledged them.',
    points: ({ store }) => known(store.stats().outbox?.dropped),
  },
  {
    name: 'cache.invalidation.lag',
    unit: 's',
    kind: 'gauge',
    help: 'Time since this process last knew all changes by others of what it keeps.',
    isMaximum: true,
    points: ({ store }) => {
      const { syncAgeMs } = store.stats()
      return known(syncAgeMs === Infinity || syncAgeMs === undefined ? undefined : syncAgeMs / 1000)
    },
  },
  {
    name: 'cache.server.unavailable',
    unit: '{server}',
    kind: 'gauge',
    help: 'Whether a server is not asked for now, because it does not answer.',
    isMaximum: true,
    points: ({ store }) => {
      const { breaker } = store.stats()
      return known(breaker && Number(breaker === 'open'))
    },
  },
  counted('cache.errors', '{operation}', 'Operations that the store failed to execute.', 'errors'),
  {
    name: 'cache.unreadable',
    unit: '{get}',
    kind: 'counter',
    help: 'Reads of entries that this process can not read. Each is a miss.',
    points: ({ families, store }) => {
      const counts = families.root.all().map(({ counters }) => counters.unreadable)
      return known(totalOf([...counts, store.stats().unreadable ?? 0]))
    },
  },
  {
    name: 'cache.unstorable',
    unit: '{value}',
    kind: 'counter',
    help: 'Values refused, because no reader could get them back unchanged.',
    points: byFamily(({ unstorable }) => [{ value: totalOf([...unstorable.values()]), labels: {} }]),
  },
]

/** Returns a metric that is a plain count of every family. */
function counted(
  name: string,
  unit: string,
  help: string,
  count: 'writes' | 'coalesced' | 'refreshes' | 'refusedFills' | 'invalidations' | 'errors',
): Metric {
  const points = byFamily((counters) => [{ value: counters[count], labels: {} }])
  return { name, unit, kind: 'counter', help, points }
}

/** Returns the figures of every family, without those of families below it. */
function byFamily(
  points: (counters: Counters, runtime: Runtime) => readonly Point[],
): (runtime: Runtime) => readonly Point[] {
  return (runtime) =>
    runtime.families.root.all().flatMap((family) =>
      points(family.counters, runtime).map(({ value, labels }) => ({
        value,
        labels: { family: familyLabel(family), ...labels },
      })),
    )
}

function byLabel(label: keyof Labels, counts: object): readonly Point[] {
  return Object.entries(counts).map(([name, value]) => ({
    value: value as number,
    labels: { [label]: name },
  }))
}

function totalOf(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

function known(value: number | undefined): readonly Point[] {
  return value === undefined ? [] : [{ value, labels: {} }]
}
