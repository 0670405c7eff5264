import type { Database } from './database/client.ts'
import type { Progress } from './load/play.ts'
import type { Arrival } from './load/schedule.ts'
import { playInThread } from './load/thread.ts'
import { progressLine } from './report/progress.ts'
import { measured } from './report/results.ts'
import type { CacheFigures, Measured } from './report/results.ts'
import type { Timeline } from './outage/cost.ts'

export interface Load {
  readonly title: string
  /** Of each process that serves the guide. */
  readonly urls: readonly string[]
  readonly schedule: readonly Arrival[]
  /** The planned length, for the progress bar. */
  readonly durationMs: number
  readonly cutOffMs: number
  readonly stats?: () => CacheFigures | Promise<CacheFigures>
  /** Told every tenth of a second how long the load has been running. */
  readonly onElapsed?: (elapsedMs: number) => void
}

/** Plays a load against a guide and counts what it cost the database. */
export async function measure(
  load: Load,
  database: Database,
  signal: AbortSignal,
): Promise<{ readonly measured: Measured; readonly timeline: Timeline }> {
  const { title, urls, schedule, durationMs, cutOffMs, stats, onElapsed } = load
  const progress = progressLine(title, durationMs)
  await database.takeCounts()
  try {
    const order = { urls, schedule, cutOffMs }
    const onProgress = ({ elapsedMs, answered }: Progress): void => {
      progress.update(elapsedMs, answered)
      onElapsed?.(elapsedMs)
    }
    const { played, timeline } = await playInThread(order, onProgress, signal)
    progress.update(durationMs, played.answered)
    // After a cut-off nobody waits for these any more.
    database.dropQueue()
    return { measured: measured(played, await database.takeCounts(), await stats?.()), timeline }
  } finally {
    progress.done()
  }
}
