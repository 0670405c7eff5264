import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { abortable, onAbort } from '../../../src/core/abort.ts'
import { MemoryCache } from '../../../src/index.ts'
import { Lock } from '../../../src/lock/index.ts'
import { failureOf } from '../../support/error-of.ts'

/** A controller whose signal counts its listeners. */
function counted() {
  const controller = new AbortController()
  const { signal } = controller
  const count = { now: 0, most: 0 }
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count.most = Math.max(count.most, ++count.now)
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count.now--
    remove(...args)
  }
  return { controller, signal, count }
}

async function turn<T>(value: T): Promise<T> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(value))
  })
}

describe('a signal', () => {
  const warnings: string[] = []
  const note = (warning: Error): void => {
    warnings.push(warning.name)
  }
  beforeEach(() => {
    warnings.length = 0
    process.on('warning', note)
  })
  afterEach(() => {
    process.off('warning', note)
  })

  it.each([11, 1000])('has one listener for %i calls, and none after them', async (calls) => {
    const { signal, count } = counted()
    const cache = new MemoryCache()
    const lock = new Lock(cache, 'a')
    const work = Array.from({ length: calls }, async (_, index) => {
      await using _held = await lock.acquire({ signal, wait: '1m' })
      await cache.getOrSet(`k${index}`, async () => index, { signal })
      await cache.get(`k${index}`, { signal })
      await cache.getMany([`k${index}`], { signal })
    })
    const loads = Array.from({ length: calls }, async (_, index) =>
      cache.getOrSet(`l${index}`, async () => turn(index), { signal }),
    )
    await Promise.all([...work, ...loads])
    await turn(0)

    expect(count).toEqual({ now: 0, most: 1 })
    expect(warnings).toEqual([])
  })

  it('ends all calls that share it', async () => {
    const { controller, signal, count } = counted()
    const forever = async (): Promise<void> => new Promise(() => undefined)
    const failures = Array.from({ length: 20 }, () => failureOf(async () => abortable(signal, forever)))
    const reason = new Error('enough')
    controller.abort(reason)

    expect(new Set(await Promise.all(failures))).toEqual(new Set([reason]))
    expect(count.now).toBe(0)
  })

  it('calls nobody back who has stopped listening', () => {
    const { controller, signal, count } = counted()
    const called: string[] = []
    const stop = onAbort(signal, () => called.push('first'))
    onAbort(signal, () => called.push('second'))
    stop()
    stop()
    expect(count.now).toBe(1)
    controller.abort()
    expect(called).toEqual(['second'])
  })
})
