// Errors of a telemetry SDK, or of a function of the user, harm no call of a cache.
import { MemoryCache, type Logger } from 'cachette'
import { instrument } from 'cachette/otel'
import { instrument as instrumentForSentry } from 'cachette/sentry'
import { FakeClock } from 'cachette/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { deferred } from '../../support/deferred.ts'

const lines: string[] = []
const note = (_: object, message: string): void => void lines.push(message)
const logger: Logger = { warn: note, error: note }
const broken = (): never => {
  throw new Error('the SDK is broken')
}
const span = {
  spanContext: broken,
  setAttributes: broken,
  setStatus: broken,
  addEvent: broken,
  addLink: broken,
  recordException: broken,
  end: broken,
}

let clock: FakeClock
let cache: MemoryCache

beforeEach(() => {
  lines.length = 0
  clock = new FakeClock()
  cache = new MemoryCache({ clock, logger, ttl: '1m', grace: '1h' })
})

describe('a tracer that fails', () => {
  it.each([
    ['before it calls', broken],
    [
      'after it has called',
      (_name: string, _options: object, call: (one: typeof span) => unknown): unknown => {
        call(span)
        return broken()
      },
    ],
    [
      'in its spans',
      (_name: string, _options: object, call: (one: typeof span) => unknown): unknown => call(span),
    ],
  ])(
    '%s lets each load run once, and its callers get the answer or the error',
    async (_, startActiveSpan) => {
      instrument(cache, {
        tracer: { startActiveSpan, startSpan: broken },
        activeSpan: () => span,
      })
      let loads = 0
      const load = async (): Promise<number> => ++loads

      expect(await cache.getOrSet('user:7', load)).toBe(1)
      expect(await cache.getOrSet('user:8', () => ++loads)).toBe(2)
      await expect(cache.getOrSet('user:9', broken)).rejects.toThrow('the SDK is broken')
      await expect(
        cache.getOrSet('user:9', async () => Promise.reject(new RangeError('far'))),
      ).rejects.toThrow('far')
      expect(lines).toContain('a listener has failed')
    },
  )
})

describe('a function that fails', () => {
  it('harms neither a caller that shares a load nor one that begins a refresh', async () => {
    const tracer = {
      startActiveSpan: (_: string, _o: object, call: (one: object) => unknown) => call({ end() {} }),
      startSpan: broken,
    }
    instrument(cache, { tracer: tracer as never, activeSpan: broken })
    const answer = deferred<string>()
    const callers = [1, 2].map(async () => cache.getOrSet('user:7', () => answer.promise))
    await clock.advance(0)
    answer.resolve('Ada')
    expect(await Promise.all(callers)).toEqual(['Ada', 'Ada'])

    await clock.advance('2m')
    expect(await cache.getOrSet('user:7', () => 'Bob')).toBe('Ada')
    await clock.advance(0)
    expect(await cache.get('user:7')).toBe('Bob')
  })
})

describe('a histogram that fails', () => {
  it('harms no load', async () => {
    const meter = {
      createObservableCounter: () => ({}),
      createObservableGauge: () => ({}),
      createHistogram: () => ({ record: broken }),
      addBatchObservableCallback: () => undefined,
      removeBatchObservableCallback: () => undefined,
    }
    instrument(cache, { meter })
    expect(await cache.getOrSet('user:7', async () => 'Ada')).toBe('Ada')
  })
})

describe('an SDK of Sentry that fails', () => {
  it('harms no call', async () => {
    instrumentForSentry(cache, { sentry: { startInactiveSpan: broken } })

    expect(await cache.set('user:7', 'Ada')).toBe(true)
    expect(await cache.get('user:7')).toBe('Ada')
    expect(await cache.getOrSet('user:8', async () => 'Bob')).toBe('Bob')
    expect(await cache.delete('user:7')).toBe(true)
    expect(await cache.invalidateTag('users')).toMatchObject({ l1: 'acked' })
    expect(lines).toContain('a listener has failed')
  })
})
