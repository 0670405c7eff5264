import { describe, expect, it } from 'vitest'
import { LockBusyError, LockLostError, MemoryCache, StoreUnavailableError } from '../../../src/index.ts'
import { Lock, Semaphore, withLock, type HeldLock } from '../../../src/lock/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'
import { SharedStore } from '../../support/shared-store.ts'

function inMemory() {
  const clock = new FakeClock()
  return { clock, cache: new MemoryCache({ clock }) }
}

describe('a lock', () => {
  it('is held by one at a time', async () => {
    const { cache } = inMemory()
    const lock = new Lock(cache, 'a')
    const held = await lock.acquire()

    expect(held.key).toBe('a')
    expect(await lock.tryAcquire()).toBe(undefined)
    expect(await new Lock(cache.namespace('any'), 'a').tryAcquire()).toBe(undefined)
    expect(await new Lock(cache, 'b').tryAcquire()).toBeDefined()
    expect(await held.release()).toBe(true)
    expect(await lock.tryAcquire()).toBeDefined()
  })

  it('is given back at the end of a block', async () => {
    const { cache } = inMemory()
    {
      await using held = await new Lock(cache, 'a').acquire()
      expect(held.remainingMs).toBe(9000)
    }
    expect(await new Lock(cache, 'a').tryAcquire()).toBeDefined()
  })

  it('is given back once', async () => {
    const { clock, cache } = inMemory()
    const first = await new Lock(cache, 'a').acquire()

    expect(await Promise.all([first.release(), first.release()])).toEqual([true, true])
    const second = await new Lock(cache, 'a').acquire()
    await first.release()
    expect(first.remainingMs).toBe(0)
    expect(second.remainingMs).toBe(9000)
    expect(await new Lock(cache, 'a').tryAcquire()).toBe(undefined)
    await second.release()
    await clock.advance('1h')
    expect(clock.pending).toBe(0)
  })

  it('is renewed for as long as it is held', async () => {
    const { clock, cache } = inMemory()
    const held = await new Lock(cache, 'a', { ttl: '3s' }).acquire()
    await clock.advance('10m')

    expect(held.signal.aborted).toBe(false)
    expect(held.remainingMs).toBeGreaterThan(1600)
    expect(await new Lock(cache, 'a').tryAcquire()).toBe(undefined)
    expect(await held.release()).toBe(true)
  })

  it('is renewed no longer than it is told', async () => {
    const { clock, cache } = inMemory()
    const held = await new Lock(cache, 'a', { ttl: '3s', maxHold: '10s' }).acquire()
    await clock.advance('9s')
    expect(held.signal.aborted).toBe(false)
    await clock.advance('4s')

    expect(held.signal.aborted).toBe(true)
    expect(await held.release()).toBe(false)
  })

  it('gives fencing numbers that climb, whatever happened to the state', async () => {
    const { clock, cache } = inMemory()
    const fences: number[] = []
    for (let count = 0; count < 5; count++) {
      const held = await new Lock(cache, 'a').acquire()
      fences.push(held.fence)
      await held.release()
      await clock.advance(count === 3 ? '1h' : '1ms')
    }
    const other = await new Lock(new MemoryCache({ clock }), 'a').acquire()
    fences.push(other.fence)

    expect(fences).toEqual(fences.toSorted((a, b) => a - b))
    expect(new Set(fences).size).toBe(6)
    expect(fences[0]).toBe(Date.UTC(2026, 0, 1) * 1000)
  })

  it('goes to those who have waited longest', async () => {
    const { clock, cache } = inMemory()
    const order: number[] = []
    const first = await new Lock(cache, 'a').acquire()
    const waiters = Array.from({ length: 20 }, async (_, index) => {
      const held = await new Lock(cache, 'a').acquire({ wait: '1h' })
      order.push(index)
      await clock.advance('1ms')
      await held.release()
    })
    await clock.advance('1s')
    expect(order).toEqual([])
    expect(await new Lock(cache, 'a').tryAcquire()).toBe(undefined)
    await first.release()
    // Nobody passes those who wait, though it is free at this moment.
    expect(await new Lock(cache, 'a').tryAcquire()).toBe(undefined)
    await clock.advance('10m')
    await Promise.all(waiters)

    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })

  it('is had at once by a waiter of the same process when it is released', async () => {
    const { clock, cache } = inMemory()
    const first = await new Lock(cache, 'a').acquire()
    const second = new Lock(cache, 'a').acquire()
    await clock.advance('5ms')
    await first.release()

    expect((await second).fence).toBeGreaterThan(first.fence)
    expect(clock.now()).toBe(5)
  })

  it('is waited for no longer than told, and the place in the queue is given up', async () => {
    const { clock, cache } = inMemory()
    await new Lock(cache, 'a').acquire()
    const waiting = failureOf(async () => new Lock(cache, 'a').acquire({ wait: '2s' }))
    await clock.advance('2s')

    const error = await waiting
    expect(error).toBeInstanceOf(LockBusyError)
    expect((error as Error).message).toBe('lock a was held by others for 2000 ms')
    await expect(new Lock(cache, 'a').acquire({ wait: 0 })).rejects.toBeInstanceOf(LockBusyError)
  })

  it('is waited for until a signal', async () => {
    const { clock, cache } = inMemory()
    const held = await new Lock(cache, 'a').acquire()
    const controller = new AbortController()
    const waiting = failureOf(async () => new Lock(cache, 'a').acquire({ signal: controller.signal }))
    await clock.advance('1s')
    const reason = new Error('enough')
    controller.abort(reason)

    expect(await waiting).toBe(reason)
    await expect(new Lock(cache, 'a').acquire({ signal: controller.signal })).rejects.toBe(reason)
    await held.release()
    expect(await new Lock(cache, 'a').tryAcquire()).toBeDefined()
  })

  it('goes on to the next when a waiter has vanished', async () => {
    const { clock, cache } = inMemory()
    const held = await new Lock(cache, 'a').acquire()
    // A waiter whose process dies asks no more: here, its clock stands still.
    const { run } = cache.atomic!
    const still = new FakeClock()
    const atomic = { isShared: false, clock: still, timers: still, random: () => 0.5 }
    const vanished = new Lock({ atomic: { ...atomic, run: run.bind(cache.atomic) } }, 'a')
    void vanished.acquire()
    await clock.advance('1ms')
    const next = new Lock(cache, 'a').acquire({ wait: '1m' })
    await clock.advance('1ms')
    await held.release()
    await clock.advance('5s')

    expect((await next).remainingMs).toBeGreaterThan(0)
  })

  it.each<[() => unknown, RegExp]>([
    [() => new Lock(inMemory().cache, ''), /the key of a lock must not be empty/],
    [() => new Lock(inMemory().cache, 'a', { ttl: '50ms' }), /ttl: '50ms' is not between 100 ms and a day/],
    [() => new Lock(inMemory().cache, 'a', { ttl: Infinity }), /ttl: Infinity is not between/],
    [() => new Lock(inMemory().cache, 'a', { wait: 1 } as object), /unknown option 'wait'/],
    [() => new Lock(new OwnCache(mapPrimitives(true)), 'a'), /keeps no locks/],
    [() => new Semaphore(inMemory().cache, 'a', 0), /permits: 0 is not a whole number from 1/],
    [() => new Semaphore(inMemory().cache, 'a', 1.5), /permits: 1.5 is not/],
  ])('refuses %s', (make, message) => {
    expect(make).toThrow(message)
  })

  it('refuses wrong ways to wait', async () => {
    const lock = new Lock(inMemory().cache, 'a')

    await expect(lock.acquire({ wait: -1 })).rejects.toThrow(/wait: -1 is not a duration/)
    await expect(lock.acquire({ signal: 5 as never })).rejects.toThrow(/is not an AbortSignal/)
  })
})

describe('a lock on a store that processes share', () => {
  const make = () => {
    const store = new SharedStore()
    return { store, clock: store.clock, lock: new Lock({ atomic: store }, 'a', { ttl: '9s' }) }
  }
  const down = { error: new StoreUnavailableError('down'), isDone: false }

  it('aborts its signal before it expires when it can not be renewed', async () => {
    const { store, clock, lock } = make()
    const held = await lock.acquire()
    let lostAtMs = NaN
    held.signal.addEventListener('abort', () => {
      lostAtMs = clock.now()
    })
    store.failure = down
    await clock.advance('1m')

    expect(lostAtMs).toBe(8100)
    expect(held.signal.reason).toBeInstanceOf(LockLostError)
    expect((held.signal.reason as Error).message).toBe('lock a is lost: it was not renewed in time')
    expect(held.remainingMs).toBe(0)
    expect(await held.release()).toBe(false)
  })

  it('survives an outage that is shorter than its ttl', async () => {
    const { store, clock, lock } = make()
    const held = await lock.acquire()
    store.failure = down
    await clock.advance('7s')
    store.failure = undefined
    await clock.advance('1m')

    expect(held.signal.aborted).toBe(false)
    expect(await held.release()).toBe(true)
  })

  it('aborts its signal in time though the answer to a renewal never comes', async () => {
    const { store, clock, lock } = make()
    const held = await lock.acquire()
    store.gate = new Promise(() => undefined)
    await clock.advance('8100ms')

    expect(held.signal.aborted).toBe(true)
  })

  it('aborts its signal at once when somebody else may hold it', async () => {
    const { store, clock, lock } = make()
    const held = await lock.acquire()
    await clock.advance('1ms')
    await store.run(
      { name: 'release', run: () => ({ answer: true, next: 'none' }) },
      { kind: 'lock', key: 'a' },
      { token: '' },
    )
    const other = await lock.acquire()
    await clock.advance('3s')

    expect(held.signal.aborted).toBe(true)
    expect((held.signal.reason as Error).message).toMatch(/somebody else may hold it/)
    expect(await held.release()).toBe(false)
    expect(other.signal.aborted).toBe(false)
    expect(other.fence).toBeGreaterThan(held.fence)
  })

  it('tells trouble from being busy', async () => {
    const { store, clock, lock } = make()
    store.failure = down

    await expect(lock.tryAcquire()).rejects.toThrow(/lock a: the store does not answer/)
    const waiting = failureOf(async () => lock.acquire({ wait: '2s' }))
    await clock.advance('2s')
    expect(await waiting).toBeInstanceOf(StoreUnavailableError)
    expect(((await waiting) as Error).cause).toBe(down.error)
  })

  it('waits through an outage', async () => {
    const { store, clock, lock } = make()
    store.failure = down
    const waiting = lock.acquire()
    await clock.advance('2s')
    store.failure = undefined
    await clock.advance('1s')

    expect((await waiting).remainingMs).toBeGreaterThan(0)
  })

  it('gives back what was granted by an answer that got lost', async () => {
    const { store, clock, lock } = make()
    store.failure = { ...down, isDone: true }
    await expect(lock.tryAcquire()).rejects.toBeInstanceOf(StoreUnavailableError)
    store.failure = undefined
    await clock.advance(0)

    expect(await lock.tryAcquire()).toBeDefined()
  })

  it('is granted once to a waiter whose first answer got lost', async () => {
    const { store, clock, lock } = make()
    store.failure = { ...down, isDone: true }
    const waiting = lock.acquire()
    await clock.advance('1ms')
    store.failure = undefined
    await clock.advance('1s')
    const held = await waiting

    expect(held.fence).toBe(Date.UTC(2026, 0, 1) * 1000)
    expect(await held.release()).toBe(true)
    expect(await lock.tryAcquire()).toBeDefined()
  })
})

describe('a semaphore', () => {
  it('is held by so many at a time, each with a fencing number of its own', async () => {
    const { clock, cache } = inMemory()
    const semaphore = new Semaphore(cache, 'a', 3)
    let held = 0
    let most = 0
    const fences = new Set<number>()
    const work = Array.from({ length: 30 }, async () => {
      await using permit = await semaphore.acquire({ wait: '1h' })
      fences.add(permit.fence)
      most = Math.max(most, ++held)
      await clock.advance('1ms')
      held--
    })
    await clock.advance('10m')
    await Promise.all(work)

    expect([most, fences.size]).toEqual([3, 30])
  })

  it('is something else than a lock of the same key', async () => {
    const { cache } = inMemory()
    await new Lock(cache, 'a').acquire()

    expect(await new Semaphore(cache, 'a', 1).tryAcquire()).toBeDefined()
  })

  it('frees the permits of holders that are gone', async () => {
    const store = new SharedStore()
    const semaphore = new Semaphore({ atomic: store }, 'a', 2, { ttl: '3s', maxHold: '1s' })
    await semaphore.acquire()
    await semaphore.acquire()
    const third = semaphore.acquire()
    await store.clock.advance('4s')

    expect((await third).remainingMs).toBeGreaterThan(0)
  })
})

describe('withLock', () => {
  it('runs the function while the lock is held, and answers what it answers', async () => {
    const { cache } = inMemory()
    let seen: HeldLock | undefined
    const answer = await withLock(cache, 'a', async (held) => {
      seen = held
      expect(await new Lock(cache, 'a').tryAcquire()).toBe(undefined)
      return 'done'
    })

    expect([answer, seen?.remainingMs]).toEqual(['done', 0])
    expect(await new Lock(cache, 'a').tryAcquire()).toBeDefined()
  })

  it('gives the lock back when the function throws, and passes the error on', async () => {
    const { cache } = inMemory()
    const error = new Error('mine')

    await expect(
      withLock(cache, 'a', () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(await new Lock(cache, 'a').tryAcquire()).toBeDefined()
  })

  it('does not call the function when the lock is busy', async () => {
    const { cache } = inMemory()
    await new Lock(cache, 'a').acquire()
    let calls = 0

    await expect(withLock(cache, 'a', () => ++calls, { wait: 0 })).rejects.toBeInstanceOf(LockBusyError)
    expect(calls).toBe(0)
  })

  it('rejects when the lock was lost meanwhile', async () => {
    const store = new SharedStore()
    const outcome = failureOf(async () =>
      withLock({ atomic: store }, 'a', async ({ signal }) => {
        store.failure = { error: new StoreUnavailableError('down'), isDone: false }
        await store.clock.advance('1m')
        return signal.aborted
      }),
    )

    expect(await outcome).toBeInstanceOf(LockLostError)
  })
})
