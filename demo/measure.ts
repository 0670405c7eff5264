import type { Database } from './database/client.ts'
import type { Service } from './guide/service.ts'
import type { Arrival } from './load/schedule.ts'
import { playInThread } from './load/thread.ts'
import { progressLine } from './report/progress.ts'
import { measured } from './report/results.ts'
import type { CacheFigures, Measured } from './report/results.ts'

export interface Load {
  readonly title: string
  readonly guide: Service
  readonly schedule: readonly Arrival[]
  /** How long it is meant to take, for the progress bar. */
  readonly durationMs: number
  readonly cutOffMs: number
  readonly stats?: () => CacheFigures
}

/** Plays a load against a guide and counts what it cost the database. */
export async function measure(load: Load, database: Database, signal: AbortSignal): Promise<Measured> {
  const { title, guide, schedule, durationMs, cutOffMs, stats } = load
  const progress = progressLine(title, durationMs)
  await database.takeCounts()
  try {
    const order = { url: guide.url, schedule, cutOffMs }
    const played = await playInThread(order, (at) => progress.update(at.elapsedMs, at.answered), signal)
    progress.update(durationMs, played.answered)
    // After a cut-off nobody waits for these any more.
    database.dropQueue()
    return measured(played, await database.takeCounts(), stats?.())
  } finally {
    progress.done()
  }
}
