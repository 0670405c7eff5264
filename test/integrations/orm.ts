// The race that users of ORMs report (drizzle-orm issue 5828): a write and its invalidation overlap a cached query.
import { setImmediate as turn } from 'node:timers/promises'

/** Waits for up to three turns of the event loop, as a network does. */
export async function jitter(): Promise<void> {
  for (let turns = Math.floor(Math.random() * 4); turns > 0; turns--) await turn()
}

/** A reader and a writer of one row. */
export interface Racing {
  read(): Promise<number | undefined>
  write(value: number): Promise<unknown>
}

/** Counts the rounds after which a read finds an older value than the one that was written, up to `most` of them. */
export async function staleRounds(rounds: number, { read, write }: Racing, most = Infinity): Promise<number> {
  let stale = 0
  for (let round = 1; round <= rounds && stale < most; round++) {
    const reading = async (): Promise<unknown> => {
      await jitter()
      return read()
    }
    const writing = async (): Promise<unknown> => {
      await jitter()
      return write(round)
    }
    await Promise.all([reading(), writing(), reading()])
    if ((await read()) !== round) stale++
  }
  return stale
}
