import type { Outage } from './run.ts'
import type { Call, Operation } from './subject.ts'

const HEAD = [
  'Redis is',
  'client',
  'call',
  'get',
  'set',
  'getOrSet',
  'increment',
  'CPU of a get',
  'normal again after',
]

/** Returns a table in Markdown: two rows for each trouble and client, for the first and the hundredth call. */
export function outageTable(outages: readonly Outage[]): string {
  const rows = outages.flatMap(({ scenario, client, measured, cpuUs, recoveryMs }) => {
    const cells = (which: 'first' | 'hundredth'): string[] =>
      (['get', 'set', 'getOrSet', 'increment'] as const).map((operation: Operation) =>
        cell(measured[operation][which]),
      )
    return [
      [scenario, client, '1st', ...cells('first'), '', ''],
      [
        '',
        '',
        '100th',
        ...cells('hundredth'),
        `${cpuUs.toFixed(0)} µs`,
        `${(recoveryMs / 1000).toFixed(1)} s`,
      ],
    ]
  })
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function cell({ ms, result }: Call): string {
  const time = ms < 1 ? '< 1 ms' : `${ms.toFixed(0)} ms`
  return `${time}: ${word(result)}`
}

function word(result: string): string {
  if (result.startsWith('stored before')) return 'value'
  if (result === 'from the loader') return 'loaded'
  return /^\d+$/.test(result) ? 'number' : `\`${result}\``
}
