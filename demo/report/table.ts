import Table from 'cli-table3'
import type { Percentile } from '../load/waits.ts'
import { share } from './plan.ts'
import type { Measured, PlanFigures, RedisFigures, Results } from './results.ts'

type Column = (measured: Measured, plan: PlanFigures) => string

const rows: readonly (readonly [label: string, column: Column])[] = [
  [
    'requests answered',
    ({ answered, sent, cutOff }) => count(answered) + (cutOff ? ` of ${count(sent)}` : ''),
  ],
  ['p50', ({ p50 }) => milliseconds(p50)],
  ['p99', ({ p99 }) => milliseconds(p99)],
  ['database queries', ({ queries }) => count(queries)],
  ['database busy', ({ busy }) => share(busy)],
  ['hit ratio', ({ cache }) => percent(cache?.hitRatio)],
  [
    'queries run by the crowd',
    ({ crowdQueries, crowdAnswered }, { crowd }) => (crowdAnswered < crowd ? '> ' : '') + count(crowdQueries),
  ],
  ['database time saved', ({ cache, timeSavedMs }) => (cache ? `${(timeSavedMs / 1000).toFixed(1)} s` : '-')],
]

/** The figures of the three loads side by side, with what is needed to read them. */
export function report({ plan, withoutCache, withCache, coalescingOff, redis }: Results): string {
  const loads = [withoutCache, withCache, coalescingOff]
  const table = new Table({
    head: ['', 'without cache', 'with cache', 'coalescing off*'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const [label, column] of rows) table.push([label, ...loads.map((load) => column(load, plan))])
  for (const [label, without, text] of planRows(plan)) table.push([label, without, text, ''])
  if (redis !== undefined) for (const [label, text] of redisRows(redis)) table.push([label, '', text, ''])
  return [table.toString(), ...notes(withoutCache), '', ...proofLines(withCache), ...redisLines(redis)].join(
    '\n',
  )
}

function planRows(plan: PlanFigures): string[][] {
  const { queryMs, visitsPossible, visitsPerSecond, withoutCache, withCache } = plan
  return [
    ['a query, measured before', milliseconds({ ms: queryMs, atLeast: false }), ''],
    ['visits a second, possible', '', count(Math.round(visitsPossible))],
    ['visits a second, chosen for that', count(visitsPerSecond), count(visitsPerSecond)],
    ['database needed for all of them', share(withoutCache), share(withCache)],
  ]
}

function redisRows(figures: RedisFigures): [string, string][] {
  const { processes, frozenMs, recoveryMs, queuedUpdates, outage, deadlineMs } = figures
  const rows: [string, string][] = [['processes over one Redis', String(processes)]]
  if (outage === undefined) return rows
  return [
    ...rows,
    ['Redis frozen', `${(frozenMs / 1000).toFixed(1)} s`],
    ['p50 meanwhile', milliseconds(outage.p50)],
    ['p99 meanwhile', milliseconds(outage.p99)],
    ['longest wait for Redis', `${count(Math.round(outage.longestMs))} of ${count(deadlineMs)} ms`],
    ['normal again after', `${count(Math.round(recoveryMs))} ms`],
    ['updates queued meanwhile', count(queuedUpdates)],
  ]
}

function notes({ cutOff, seconds, sent, answered, scheduled }: Measured): string[] {
  const lines = [
    '* The flash crowd alone, against get, then load, then set, written by hand.',
    'Waits count from the moment a request was due. Database time saved: pages answered times the mean time',
    'of their query, less the time that the queries took.',
  ]
  if (cutOff) {
    lines.unshift(
      `Without the cache the load was cut off after ${seconds.toFixed(1)} s: of ${count(scheduled)} requests,`,
      `${count(sent)} were sent and ${count(answered)} answered. ">" marks what would have been more.`,
    )
  }
  return lines
}

function proofLines({ proof }: Measured): string[] {
  const line = `${count(proof.stale)} of ${count(proof.checked)} responses were older than the last acknowledged update`
  return [
    `${line} (${count(proof.updates)} ${proof.updates === 1 ? 'update' : 'updates'}).`,
    ...proof.examples.map((example) => `  ${example}`),
  ]
}

function redisLines(redis: RedisFigures | undefined): string[] {
  if (redis === undefined) return []
  const { processes, frozenMs, outdatedAfterwards } = redis
  if (frozenMs === 0) return ['This Redis is not ours: it was not frozen.']
  return [
    `After the freeze ${count(outdatedAfterwards)} pages of the ${processes} processes lacked an update.`,
  ]
}

function milliseconds(percentile: Percentile | undefined): string {
  if (!percentile) return '-'
  const { ms, atLeast } = percentile
  return `${atLeast ? '> ' : ''}${ms < 10 ? ms.toFixed(1) : count(Math.round(ms))} ms`
}

function percent(ratio: number | undefined): string {
  return ratio === undefined ? '-' : `${(100 * ratio).toFixed(1)} %`
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** The lateness of timers that is no stall, all in all. */
const TIMERS_MS = 50

/** Returns the faults of a run. A healthy run has none, and each makes the demo fail. */
export function faults({ withoutCache, withCache, coalescingOff, redis }: Results): readonly string[] {
  const stale = withoutCache.proof.stale + withCache.proof.stale
  const failures = [withoutCache, withCache, coalescingOff].flatMap((measured) => measured.failures)
  return [
    ...(stale > 0 ? [`${count(stale)} stale responses`] : []),
    ...(withCache.cutOff ? ['the load with the cache did not come to its end'] : []),
    // A process that waits for Redis in vain loads by itself: before the freeze, and in it.
    ...(withCache.crowdQueries >= 1 &&
    withCache.crowdQueries <= (redis === undefined ? 1 : 2 * redis.processes)
      ? []
      : [`the crowd cost ${withCache.crowdQueries} queries instead of 1`]),
    ...(redis !== undefined && redis.outdatedAfterwards > 0
      ? [`${count(redis.outdatedAfterwards)} pages lacked an update after the freeze`]
      : []),
    ...(redis?.outage !== undefined && redis.outage.longestMs > redis.deadlineMs + TIMERS_MS
      ? [`an answer waited ${count(Math.round(redis.outage.longestMs))} ms for the frozen Redis`]
      : []),
    ...(failures.length > 0 ? [`${count(failures.length)} requests failed, the first: ${failures[0]}`] : []),
  ]
}
