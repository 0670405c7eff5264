import Table from 'cli-table3'
import { crowdSize } from '../load/schedule.ts'
import type { Percentile } from '../load/waits.ts'
import type { Measured, Results } from './results.ts'

type Column = (measured: Measured) => string

const rows: readonly (readonly [label: string, column: Column])[] = [
  [
    'requests answered',
    ({ answered, sent, cutOff }) => count(answered) + (cutOff ? ` of ${count(sent)}` : ''),
  ],
  ['p50', ({ p50 }) => milliseconds(p50)],
  ['p99', ({ p99 }) => milliseconds(p99)],
  ['database queries', ({ queries }) => count(queries)],
  ['hit ratio', ({ cache }) => percent(cache?.hitRatio)],
  [
    'queries run by the crowd',
    ({ crowdQueries, crowdAnswered }) => (crowdAnswered < crowdSize ? '> ' : '') + count(crowdQueries),
  ],
  ['database time saved', ({ cache, timeSavedMs }) => (cache ? `${(timeSavedMs / 1000).toFixed(1)} s` : '-')],
]

/** The figures of the three loads side by side, with what is needed to read them. */
export function report({ withoutCache, withCache, coalescingOff }: Results): string {
  const loads = [withoutCache, withCache, coalescingOff]
  const table = new Table({
    head: ['', 'without cache', 'with cache', 'coalescing off*'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const [label, column] of rows) table.push([label, ...loads.map((measured) => column(measured))])
  return [table.toString(), ...notes(withoutCache), '', ...proofLines(withCache)].join('\n')
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

/** What must not be in the results of a healthy run: each makes the demo fail. */
export function faults({ withoutCache, withCache, coalescingOff }: Results): readonly string[] {
  const stale = withoutCache.proof.stale + withCache.proof.stale
  const failures = [withoutCache, withCache, coalescingOff].flatMap((measured) => measured.failures)
  return [
    ...(stale > 0 ? [`${count(stale)} stale responses`] : []),
    ...(withCache.cutOff ? ['the load with the cache did not come to its end'] : []),
    ...(withCache.crowdQueries === 1
      ? []
      : [`the crowd cost ${withCache.crowdQueries} queries instead of 1`]),
    ...(failures.length > 0 ? [`${count(failures.length)} requests failed, the first: ${failures[0]}`] : []),
  ]
}
