import type { Plan } from '../load/plan.ts'
import { visitsPerSecond } from '../load/schedule.ts'

/** Tells the load that was chosen, and why. */
export function describePlan({ queryMs, visitsPossible, size, withCache, withoutCache }: Plan): string {
  const possible = (Math.round(visitsPossible / 10) * 10).toLocaleString('en-US')
  return [
    `At the moment a query takes ${queryMs.toFixed(1)} ms on this machine, and about ${possible} visits a second are possible.`,
    `With up to ${visitsPerSecond(size)} visits a second the database would need ${share(withoutCache)} of the time without the cache,`,
    `and ${share(withCache)} with it: at most half.`,
  ].join('\n')
}

/** Writes a share as per cent. */
export function share(part: number): string {
  return `${Math.round(100 * part).toLocaleString('en-US')} %`
}
