import { MemoryCache } from 'cachette'
import { createAuditor } from 'cachette/audit'
import { silentLogger } from '../../src/core/logging/logger.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import { EventLoop } from '../../simulator/machine/event-loop.ts'

const KEYS = 40
const READS_PER_SECOND = 30
const WRITES_PER_SECOND = 4
const TTL_MS = 30_000
const SLACK_MS = 500
const DURATION_MS = 150_000
const SAMPLES_PER_SECOND = 2
/** The shares of invalidations that are forgotten. */
const FORGOTTEN = [0, 0.01, 0.02, 0.05, 0.1, 0.2]

interface Kept {
  readonly version: number
  untilMs: number
}

interface Read {
  readonly kept: Kept
  readonly atMs: number
  readonly isOutdated: boolean
}

/** Plays a service whose writers forget some invalidations. Returns whether the auditor's interval has the truth in it. */
export async function runIntervals(seed: number): Promise<{ samples: number; covers: boolean }> {
  const loop = new EventLoop()
  const random = new SeededRandom(seed)
  const { next } = new SeededRandom(seed ^ 0x5eed)
  const cache = new MemoryCache({ clock: loop, timers: loop, random: next, logger: silentLogger })
  const auditor = createAuditor(cache, {
    rate: SAMPLES_PER_SECOND,
    slack: { milliseconds: SLACK_MS },
  })
  const forgotten = random.pick(FORGOTTEN)
  const versions = new Map<string, number>()
  const kept = new Map<string, Kept>()
  const reads: Read[] = []
  const versionOf = (key: string): number => versions.get(key) ?? 0
  const pick = (): string => `key:${Math.floor(KEYS * random.next() ** 2)}`

  const read = async (): Promise<void> => {
    const key = pick()
    const entry = kept.get(key)
    const atMs = loop.now()
    let isHit = true
    await cache.getOrSet(
      key,
      async ({ audit }) => {
        if (audit) await loop.sleep(10 * random.next())
        else {
          isHit = false
          kept.set(key, { version: versionOf(key), untilMs: atMs + TTL_MS })
        }
        return versionOf(key)
      },
      { milliseconds: TTL_MS },
    )
    if (isHit && entry !== undefined)
      reads.push({ kept: entry, atMs, isOutdated: entry.version !== versionOf(key) })
  }
  const write = async (): Promise<void> => {
    const key = pick()
    versions.set(key, versionOf(key) + 1)
    if (random.chance(forgotten)) return
    await loop.sleep(50 * random.next())
    const entry = kept.get(key)
    if (entry !== undefined) entry.untilMs = Math.min(entry.untilMs, loop.now())
    await cache.invalidate(key)
  }
  const repeat = (perSecond: number, act: () => Promise<void>): void => {
    const again = (): void => {
      void act()
      const pauseMs = (-Math.log(1 - random.next()) * 1_000) / perSecond
      if (loop.now() + pauseMs < DURATION_MS) loop.set(again, pauseMs)
    }
    loop.set(again, 0)
  }
  repeat(READS_PER_SECOND, read)
  repeat(WRITES_PER_SECOND, write)
  await loop.runUntil(DURATION_MS + 10 * SLACK_MS)

  // A read was wrong if its value was outdated, and was served for as long as an auditor waits.
  const wrong = reads.filter(
    ({ kept: { untilMs }, atMs, isOutdated }) => isOutdated && untilMs > atMs + SLACK_MS + 10,
  )
  const truth = 1 - wrong.length / reads.length
  const [scale] = auditor.report().scales
  await cache.close()
  const { low, high, samples } = scale!
  return { samples, covers: low <= truth && truth <= high }
}
