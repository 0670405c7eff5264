import type { CacheFigures } from './figures.ts'
import type { Worth } from './watched-cache.ts'

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
  [1, 'ms'],
]

/** Returns the worth of the caches in sentences, with the findings of the auditor if there is one. */
export function sentenceOf(
  since: number,
  now: number,
  worths: readonly Worth[],
  caches: readonly CacheFigures[],
): string {
  const sum = (name: keyof Worth): number => worths.reduce((total, worth) => total + worth[name], 0)
  const hits = sum('hits')
  const reads = hits + sum('misses')
  const start = `Since ${momentText(since, now)} UTC`
  const processes = Math.max(...caches.map((cache) => cache.processes.length))
  const who = processes === 1 ? 'this process' : `${processes} processes`
  if (reads === 0) return `${start} ${who} ${processes === 1 ? 'has' : 'have'} answered no read yet.`
  const share = (Math.floor((1_000 * hits) / reads) / 10).toFixed(1)
  const saved = `${duration(sum('savedMs'))} of loading and ${count(sum('savedLoads'))} loads saved`
  const worth = `${start} ${who} answered ${share} % of ${count(reads)} reads without the source: ${saved}.`
  return [worth, ...oldest(caches), ...consistency(caches)].join(' ')
}

/** Returns the hour of a moment, with its day unless that is today's. */
function momentText(at: number, now: number): string {
  const [day = '', hour = ''] = new Date(at).toISOString().slice(0, 16).split('T')
  return new Date(now).toISOString().startsWith(day) ? hour : `${day} ${hour}`
}

function oldest(caches: readonly CacheFigures[]): readonly string[] {
  const ages = caches.flatMap(({ freshness }) => freshness.ageMaxMs ?? [])
  return ages.length === 0 ? [] : [`Oldest answer served: ${duration(Math.max(...ages))}.`]
}

function consistency(caches: readonly CacheFigures[]): readonly string[] {
  return caches.flatMap(({ rightness, name }) => {
    if (rightness === undefined) return []
    const { samples, wrong, scales } = rightness
    const which = caches.length === 1 ? '' : ` of ${name}`
    const atLeast = scales.find(({ scale }) => scale === 'bound')?.atLeast ?? 0
    if (samples === 0) return [`Consistency${which} is being checked; no sample is known yet.`]
    const share = `${(Math.floor(atLeast * 10_000) / 100).toFixed(2)} %`
    return [
      `Consistency${which} checked: ${count(samples)} samples, ${count(wrong)} wrong (at least ${share} right, with 95 % confidence).`,
    ]
  })
}

/** Returns a number as people write it, such as `4.1 M`. */
function count(value: number): string {
  if (value >= 999_950) return `${(value / 1e6).toFixed(1)} M`
  return Math.round(value).toLocaleString('en-US')
}

/** Returns a time in the largest unit of which there is one at least. */
function duration(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= size) ?? [1, 'ms']
  const value = ms / size
  return `${value.toFixed(value < 10 && size > 1 ? 1 : 0)} ${unit}`
}
