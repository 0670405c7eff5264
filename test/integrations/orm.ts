// The race that users of ORMs report (drizzle-orm issue 5828): a write and its invalidation overlap a cached query.
import { setImmediate as turn } from 'node:timers/promises'

/** The number of rows, of which each is raced for once. */
export const ROWS = 1000

/** Waits for up to three turns of the event loop, as a network does. */
export async function jitter(): Promise<void> {
  for (let turns = Math.floor(Math.random() * 4); turns > 0; turns--) await turn()
}

/** A reader and a writer of rows, which are numbered from 1 to {@link ROWS} and hold 0. */
export interface Racing {
  read(row: number): Promise<number | undefined>
  write(row: number, value: number): Promise<unknown>
}

/**
 * Counts the rows of which a read finds an older value than the one that was written, and prints the number. Each round
 * has a row, and thus a query, of its own. In every other round the query is in the cache when the race begins.
 */
export async function staleRows(contestant: string, { read, write }: Racing): Promise<number> {
  let stale = 0
  for (let row = 1; row <= ROWS; row++) {
    if (row % 2 === 0) await read(row)
    const reading = async (): Promise<unknown> => {
      await jitter()
      return read(row)
    }
    const writing = async (): Promise<unknown> => {
      await jitter()
      return write(row, row)
    }
    await Promise.all([reading(), writing(), reading()])
    if ((await read(row)) !== row) stale++
  }
  console.log(`${contestant}: ${stale} of ${ROWS} rows are stale`)
  return stale
}
