// One of several processes that ask the same limit: see two-processes.test.ts.
import type { AtomicStore, LimitAnswer } from '../../../src/core/atomic-store.ts'
import { RateLimiter, type LimitOptions } from '../../../src/ratelimit/index.ts'
import { atomicOn, type OwnAtomicStore } from '../../support/atomic.ts'

let own: OwnAtomicStore

export async function connect(url: string): Promise<void> {
  own = await atomicOn(url, 10_000)
}

/**
 * Asks for a while with a number of calls in flight. Returns for each time of the server the number asked for, and the
 * number admitted.
 */
export async function press(
  options: LimitOptions,
  inFlight: number,
  seconds: number,
): Promise<readonly (readonly [number, number, number])[]> {
  const byTime = new Map<number, [number, number]>()
  const note = ({ atMs, allowed }: LimitAnswer): void => {
    const sum = byTime.get(atMs) ?? [0, 0]
    sum[0]++
    if (allowed) sum[1]++
    byTime.set(atMs, sum)
  }
  const { atomic } = own
  const noting = {
    isShared: true,
    clock: atomic.clock,
    timers: atomic.timers,
    random: atomic.random,
    run: async (...args: Parameters<AtomicStore['run']>) => {
      const answer = await atomic.run(...args)
      note(answer as LimitAnswer)
      return answer
    },
  } as AtomicStore
  const limiter = new RateLimiter(
    { atomic: noting },
    { name: 'crowd', blockList: false, whenUnavailable: 'deny', ...options },
  )
  const untilMs = performance.now() + seconds * 1000
  const worker = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const { decidedBy } = await limiter.consume('all')
      if (decidedBy !== 'store') throw new Error(`decided by ${decidedBy}`)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return Array.from(byTime, ([atMs, [asked, admitted]]) => [atMs, asked, admitted] as const)
}
