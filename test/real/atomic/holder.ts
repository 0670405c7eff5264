// A process that holds a lock: see locks.test.ts.
import { Lock, type HeldLock } from '../../../src/lock/index.ts'
import { atomicOn, type OwnAtomicStore } from '../../support/atomic.ts'
import { tell } from '../../support/peer-side.ts'

let own: OwnAtomicStore
let held: HeldLock

export async function connect(url: string): Promise<void> {
  own = await atomicOn(url)
}

/** Acquires, renews as usual, and reports a loss. Returns the fencing number. */
export async function hold(key: string, ttl: string): Promise<number> {
  held = await new Lock(own, key, { ttl }).acquire()
  held.signal.addEventListener('abort', () => tell('lost'))
  return held.fence
}

/** Acquires and releases repeatedly for a while. Returns fencing number, begin and end of each holding. */
export async function contend(
  key: string,
  milliseconds: number,
): Promise<readonly (readonly [number, number, number])[]> {
  const now = (): number => Number(process.hrtime.bigint() / 1000n)
  const holdings: [number, number, number][] = []
  const untilMs = performance.now() + milliseconds
  const worker = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await using mine = await new Lock(own, key).acquire({ wait: '1m' })
      const begin = now()
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      holdings.push([mine.fence, begin, now()])
    }
  }
  await Promise.all([worker(), worker(), worker()])
  return holdings
}

/**
 * Has a number of callers at once take the lock for a moment. Returns fencing number, begin and end of each holding.
 */
export async function crowd(
  key: string,
  callers: number,
): Promise<readonly (readonly [number, number, number])[]> {
  const now = (): number => Number(process.hrtime.bigint() / 1000n)
  const holdings: [number, number, number][] = []
  const caller = async (): Promise<void> => {
    await using mine = await new Lock(own, key).acquire({ wait: '1m' })
    const begin = now()
    await Promise.resolve()
    holdings.push([mine.fence, begin, now()])
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return holdings
}
