import type { Sample } from '../database/protocol.ts'
import type { TimedAnswer } from '../outage/cost.ts'
import { SHARE_OF_VISITS } from './plan.ts'
import { MOST_VISITS, visitsOfOnePage } from './schedule.ts'
import { playInThread } from './thread.ts'

const LASTS_MS = 400

/**
 * Measures how many visits a second this machine can do at the moment, those of the visitors included. They open a page
 * that is cached, and come faster than any load needs.
 */
export async function measureVisits(
  urls: readonly string[],
  sample: Sample,
  signal: AbortSignal,
): Promise<number> {
  const schedule = visitsOfOnePage(sample, LASTS_MS, MOST_VISITS / SHARE_OF_VISITS)
  const { timeline } = await playInThread({ urls, schedule, cutOffMs: 60_000 }, () => undefined, signal)
  return rateOf(timeline.answers)
}

/** Returns the answers a second, without the first half, which meets cold code and new connections. */
export function rateOf(answers: readonly Pick<TimedAnswer, 'toMs'>[]): number {
  const times = answers.map(({ toMs }) => toMs).toSorted((one, other) => one - other)
  const half = Math.floor(times.length / 2)
  const lastsMs = Math.max(1, (times.at(-1) ?? 0) - (times[half] ?? 0))
  return (1000 * (times.length - half)) / lastsMs
}
