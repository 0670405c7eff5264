// Rounds of every pair of methods on one key, many keys at a time.
import type { BaseCache } from 'cachette'
import { until } from '../../support/until.ts'
import { Histories, isSweep, KINDS_OF_TAGS, PLAYS, type Play } from './plays.ts'

/** Number of plays under way at a time. */
const AT_ONCE = 100

/** A cache without earlier calls. */
export interface Fresh extends AsyncDisposable {
  readonly cache: BaseCache
}

export interface RoundsOptions {
  readonly rounds: number
  /** The number of the first round, which decides the part of the plays. */
  readonly first?: number
  /** The part of the plays that are played, others in each round. @default all of them */
  readonly share?: number
  /** The kinds of tags of the plays. @default all of them */
  readonly tags?: readonly Play['tags'][]
  /** Opens a cache on an empty server, so that the first calls are its first. */
  open(): Promise<Fresh>
  progress?(round: number): void
}

/** Plays rounds and returns the results that differ from those of awaited calls. */
export async function faultsOf({
  rounds,
  first = 0,
  share = 1,
  tags = KINDS_OF_TAGS,
  open,
  progress,
}: RoundsOptions): Promise<readonly string[]> {
  const faults: string[] = []
  const histories = new Histories()
  const every = Math.round(1 / share)
  for (let round = first; round < first + rounds; round++) {
    const plays = PLAYS.filter((play, index) => (index + round) % every === 0 && tags.includes(play.tags))
    for (const some of [plays.filter(isSweep), plays.filter((play) => !isSweep(play))]) {
      await using fresh = await open()
      await playAll(fresh.cache, some, histories, `${round}`, faults)
    }
    progress?.(round)
  }
  return faults
}

async function playAll(
  cache: BaseCache,
  plays: readonly Play[],
  histories: Histories,
  round: string,
  faults: string[],
): Promise<void> {
  const waiting = [...plays.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, play] = next
      const fault = await histories.differs(cache, play, `${round}.${index}.`)
      if (fault !== undefined) faults.push(fault)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/**
 * Waits until a cache follows changes of tags, and keeps entries if it has a tier for that. Until then it voids loads.
 */
export async function following(cache: BaseCache, isTiered: boolean): Promise<void> {
  await until('a cache that follows its logs', async () => {
    await cache.set('connected', 'kept', { tags: ['connected'], grace: 100 })
    // From the first entry with grace on, a read asks for everything at once that it may need.
    await cache.get('connected')
    const { servedBy, tiers } = await cache.explain('connected')
    const isSynced = tiers.some(({ tagSyncAge }) => tagSyncAge !== undefined && tagSyncAge < 2)
    return isSynced && servedBy === (isTiered ? 'l1' : 'l2')
  })
}
