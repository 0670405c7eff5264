const MS: readonly (readonly [size: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
  [1, 'ms'],
]
const BYTES: readonly (readonly [size: number, unit: string])[] = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
]

/** Returns a number with separators. */
export function count(value: number | null | undefined): string {
  return value === undefined || value === null ? '–' : Math.round(value).toLocaleString('en-US')
}

/** Returns a share as a percentage. It is never rounded up to 100. */
export function percent(share: number | null | undefined): string {
  return share === undefined || share === null ? '–' : `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`
}

/** Returns a time in the largest unit that fits. */
export function duration(ms: number | null | undefined): string {
  if (ms === undefined || ms === null) return '–'
  if (ms > 0 && ms < 1) return '< 1 ms'
  return inUnits(ms, MS)
}

/** Returns a size in the largest unit that fits. */
export function bytes(size: number | null | undefined): string {
  return size === undefined || size === null ? '–' : inUnits(size, BYTES)
}

/** Returns a moment as a time of the day, with the day unless that is today. */
export function moment(at: number): string {
  const date = new Date(at)
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? date.toLocaleTimeString('en-GB') : date.toLocaleString('en-GB')
}

function inUnits(value: number, units: typeof MS): string {
  const [size, unit] = units.find(([least]) => value >= least) ?? units.at(-1)!
  const shown = value / size
  return `${shown.toFixed(shown < 10 && size > 1 ? 1 : 0)} ${unit}`
}
