import type { Played } from './run.ts'

const HEAD = [
  'fault',
  'policy',
  'reads',
  'invalidations',
  'worst staleness',
  'bound',
  'violations',
  'converged after',
]

/** Returns a table in Markdown, with a row for each fault and policy. */
export function faultTable(played: readonly Played[]): string {
  const rows = played.map((one) => {
    const boundMs = one.pace.boundMs[one.policy]
    return [
      one.fault,
      one.policy,
      one.reads.toLocaleString('en-US'),
      one.acknowledged.toLocaleString('en-US'),
      one.losesHistory
        ? `${seconds(one.worstMs)}; later ${seconds(one.worstInSightMs)}`
        : seconds(one.worstMs),
      one.losesHistory
        ? `${boundMs / 1000} s, from ${(boundMs + one.pace.heartbeatMs) / 1000} s after it`
        : `${boundMs / 1000} s`,
      violationsOf(one),
      seconds(one.convergedMs),
    ]
  })
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

export function violationsOf({ violations }: Pick<Played, 'violations'>): string {
  const counts = Object.entries(violations).map(([invariant, count]) => `${invariant}: ${count}`)
  return counts.length === 0 ? '0' : counts.join(', ')
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.max(0, ms).toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
}
