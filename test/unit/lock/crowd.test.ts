import { describe, expect, it } from 'vitest'
import { LockBusyError, MemoryCache, ClosedError } from '../../../src/index.ts'
import { Lock, Semaphore, withLock } from '../../../src/lock/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { failureOf } from '../../support/error-of.ts'
import { SharedStore } from '../../support/shared-store.ts'

async function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

describe('a crowd of callers', () => {
  it.each([1000, 10_000])(
    'of %i gets one lock in memory, in order, and lets the event loop turn',
    async (callers) => {
      const cache = new MemoryCache()
      const order: number[] = []
      let doneInTurn = 0
      let most = 0
      const work = Promise.all(
        Array.from({ length: callers }, async (_, index) =>
          withLock(
            cache,
            'a',
            () => {
              order.push(index)
              most = Math.max(most, ++doneInTurn)
            },
            { wait: '5m' },
          ),
        ),
      )
      while (order.length < callers) {
        await turn()
        doneInTurn = 0
      }
      await work

      expect(order).toEqual(Array.from({ length: callers }, (_, index) => index))
      expect(most).toBeLessThanOrEqual(200)
    },
  )

  it('asks a store that processes share twice a caller', async () => {
    const store = new SharedStore()
    let inside = 0
    let most = 0
    const work = Array.from({ length: 400 }, async () =>
      withLock({ atomic: store }, 'a', async () => {
        most = Math.max(most, ++inside)
        await turn()
        inside--
      }),
    )
    await Promise.all(work)

    expect(most).toBe(1)
    expect(store.asked.length).toBeLessThanOrEqual(400 * 2 + 2)
    expect(await new Lock({ atomic: store }, 'a').tryAcquire()).toBeDefined()
  })

  it('has all permits of a semaphore at work', async () => {
    const store = new SharedStore()
    const semaphore = new Semaphore({ atomic: store }, 'a', 7)
    let inside = 0
    const seen: number[] = []
    const work = Array.from({ length: 70 }, async () => {
      await using _ = await semaphore.acquire({ wait: '1h' })
      seen.push(++inside)
      for (let turns = 0; turns < 5; turns++) await turn()
      inside--
    })
    await Promise.all(work)

    expect(Math.max(...seen)).toBe(7)
    expect(seen.filter((count) => count >= 6).length).toBeGreaterThan(55)
    expect(store.asked.length).toBeLessThanOrEqual(70 * 3)
  })

  it('keeps the place of its process while its own callers hold the lock for long', async () => {
    const store = new SharedStore()
    const { clock } = store
    const lock = new Lock({ atomic: store }, 'a')
    const held = await lock.acquire()
    const second = lock.acquire({ wait: '1h' })
    const third = failureOf(async () => lock.acquire({ wait: '1m' }))
    await clock.advance('10s')
    const asked = store.asked.filter((name) => name === 'acquire').length
    // Somebody else in another process comes later, and has to wait.
    const other = { ...surroundings(store), run: store.run.bind(store) }
    expect(await new Lock({ atomic: other }, 'a').tryAcquire()).toBe(undefined)
    expect(asked).toBeLessThan(12)
    await held.release()
    expect((await second).remainingMs).toBe(9000)
    await clock.advance('1m')
    expect(await third).toBeInstanceOf(LockBusyError)
    await (await second).release()
    await clock.advance(0)
    expect(await new Lock({ atomic: other }, 'a').tryAcquire()).toBeDefined()
  })

  it('leaves nothing behind when all that wait have given up', async () => {
    const store = new SharedStore()
    const lock = new Lock({ atomic: store }, 'a')
    const held = await lock.acquire()
    const waiting = Array.from({ length: 50 }, (_, index) =>
      failureOf(async () => lock.acquire({ wait: `${index + 1}s` })),
    )
    const controller = new AbortController()
    const aborted = failureOf(async () => lock.acquire({ wait: '1h', signal: controller.signal }))
    await store.clock.advance('51s')
    for (const failure of waiting) expect(await failure).toBeInstanceOf(LockBusyError)
    controller.abort(new Error('enough'))
    expect(await aborted).toBe(controller.signal.reason)
    await held.release()
    await store.clock.advance(0)
    expect(await new Lock({ atomic: store }, 'a').tryAcquire()).toBeDefined()
  })

  it('waits for ever when told so, and longer than a timer can run', async () => {
    const clock = new FakeClock()
    const lock = new Lock(new MemoryCache({ clock }), 'a')
    const held = await lock.acquire()
    let granted = 0
    for (const wait of [Infinity, '90d'] as const)
      void lock.acquire({ wait }).then(async (own) => {
        granted++
        await own.release()
      })
    await clock.advance('1h')
    expect(granted).toBe(0)
    await held.release()
    await clock.advance(0)
    expect(granted).toBe(2)
  })
})

describe('locks in memory', () => {
  it('are granted however many were held and released, and leave nothing', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, maxStates: 10 })
    for (let index = 0; index < 20_000; index++)
      await (await new Lock(cache, `k${index}`).acquire()).release()
    expect(clock.pending).toBeLessThanOrEqual(1)
    const held = await Promise.all(
      Array.from({ length: 500 }, (_, index) => new Lock(cache, `k${index}`).acquire()),
    )
    expect(new Set(held.map(({ fence }) => fence)).size).toBe(500)
    await Promise.all(held.map(async (one) => one.release()))
    await clock.advance('5s')
    expect(clock.pending).toBe(0)
  })
})

describe('close', () => {
  it('grants no lock to those that wait or come later', async () => {
    const cache = new MemoryCache()
    const lock = new Lock(cache, 'a')
    const held = await lock.acquire()
    const waiting = [
      failureOf(async () => lock.acquire()),
      failureOf(async () => lock.acquire({ wait: Infinity })),
    ]
    const closing = cache.close()
    waiting.push(failureOf(async () => lock.acquire()))
    await closing
    for (const failure of waiting) expect(await failure).toBeInstanceOf(ClosedError)
    await held.release()
    for (const come of [
      lock.acquire(),
      lock.acquire({ wait: 0 }),
      lock.tryAcquire(),
      withLock(cache, 'b', () => 1),
    ])
      expect(await failureOf(async () => come)).toBeInstanceOf(ClosedError)
  })

  it('grants locks to loads that are under way', async () => {
    const cache = new MemoryCache()
    let start!: () => void
    const started = new Promise<void>((resolve) => {
      start = resolve
    })
    const loading = cache.getOrSet('k', async () => {
      await started
      return withLock(cache, 'a', () => 'loaded')
    })
    await Promise.resolve()
    const closing = cache.close()
    start()
    expect(await loading).toBe('loaded')
    await closing
    expect(await failureOf(async () => new Lock(cache, 'a').acquire())).toBeInstanceOf(ClosedError)
  })

  it('gives back a permit whose grant arrives after it', async () => {
    const store = new SharedStore()
    let open!: () => void
    store.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const lock = new Lock({ atomic: store }, 'a')
    const late = [failureOf(async () => lock.acquire()), failureOf(async () => lock.tryAcquire())]
    await store.clock.advance(0)
    store.close()
    open()
    for (const failure of late) expect(await failure).toBeInstanceOf(ClosedError)
    await store.clock.advance(0)
    const other = { ...surroundings(store), run: store.run.bind(store) }
    expect(await new Lock({ atomic: other }, 'a').tryAcquire()).toBeDefined()
  })
})

function surroundings({ clock, timers, random, isShared }: SharedStore) {
  return { clock, timers, random, isShared }
}
