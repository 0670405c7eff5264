const HOUR = 3_600_000

const UNITS = [
  ['d', 24 * HOUR],
  ['h', HOUR],
  ['min', 60_000],
  ['s', 1000],
] as const

/** Returns a time in milliseconds as people say it: `90 s`, `15 min`, `2.5 h`. */
export function timeText(ms: number): string {
  if (ms === Infinity) return 'for ever'
  const [unit, length] = UNITS.find(([, least]) => ms >= 1.5 * least) ?? (['ms', 1] as const)
  return `${shortNumber(ms / length)} ${unit}`
}

/** Returns a whole number with its thousands set apart. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** Returns a number with two digits that count, because estimates are no better. */
export function roughText(count: number): string {
  return count < 10 ? shortNumber(count) : countText(Number(count.toPrecision(2)))
}

/** Returns a share in percent. */
export function percentText(share: number): string {
  return `${shortNumber(100 * share)} %`
}

/** Returns a difference of shares in points, with its sign. */
export function pointsText(difference: number): string {
  const points = (100 * Math.abs(difference)).toFixed(1)
  return `${difference < 0 ? '-' : '+'}${points} points`
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 40, 45]

/** Returns the longest time up to `ms` that people would write into a configuration. */
export function roundTime(ms: number): number {
  const [, length] = UNITS.find(([, least]) => ms >= least) ?? (['ms', 1] as const)
  const count = ms / length
  if (count >= 60) return Math.floor(count / 10) * 10 * length
  return (STEPS.findLast((step) => step <= count) ?? count) * length
}

function shortNumber(value: number): string {
  const text = value >= 10 ? value.toFixed(0) : value.toFixed(1)
  return text.replace(/\.0$/, '')
}
