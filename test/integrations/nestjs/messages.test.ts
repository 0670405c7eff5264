// Events, streams of answers and refused calls of microservices over TCP, with the real package.
import { BaseCache, MemoryCache } from 'cachette'
import { Cache, CachetteModule } from 'cachette/nestjs'
import { lastValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../support/error-of.ts'
import { until } from '../../support/until.ts'
import { startHybrid, startRpc } from './rpc-app.ts'

const overMemory = async () => startRpc(CachetteModule.forRoot({ cache: new MemoryCache({ ttl: '1h' }) }))

describe('the interceptor', () => {
  it('keeps the answers of messages by their key', async () => {
    const { app, send } = await overMemory()
    expect([await send('kept', 'a'), await send('kept', 'b'), await send('kept', 'a')]).toEqual([
      ['a 1'],
      ['b 2'],
      ['a 1'],
    ])
    expect((await app.get(Cache).keys()).toSorted()).toEqual(['kept:a', 'kept:b'])
  })

  it('calls the handler of each event, also of one with a key', async () => {
    const { emit, handlers } = await overMemory()
    await emit('counted')
    await emit('counted')
    await until('both events', () => handlers.calls.length === 2)
  })

  it('passes all answers of a handler with several on, at once, and keeps none', async () => {
    const { app, send, stream, handlers } = await overMemory()
    expect([await send('many'), await send('many')]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    const endless = async () => lastValueFrom(stream('endless').pipe(take(3), toArray()))
    expect(await Promise.all([endless(), endless()])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(handlers.calls).toEqual(['many', 'many', 'endless', 'endless'])
    expect(await app.get(Cache).keys()).toEqual([])
  })

  it('passes errors on, and keeps none', async () => {
    const { send, handlers } = await overMemory()
    for (let times = 0; times < 2; times++)
      expect(await failureOf(async () => send('failing'))).toMatchObject({ status: 'error' })
    expect(handlers.calls).toEqual(['failing', 'failing'])
  })
})

describe('limits', () => {
  it('refuse messages and events; without a filter Nest tells the sender nothing', async () => {
    const { send, emit, handlers } = await overMemory()

    expect([await send('limited', 1), await send('limited', 1)]).toEqual([[1], [2]])
    expect(await failureOf(async () => send('limited', 1))).toEqual({
      status: 'error',
      message: 'Internal server error',
    })
    expect(await send('limited', 2)).toEqual([3])
    for (let times = 0; times < 3; times++) await emit('limited event')
    expect(await send('plain')).toEqual([1])
    expect(handlers.calls.filter((call) => call === 'limited event')).toEqual(['limited event'])
  })
})

describe('a hybrid application', () => {
  it('has one cache for requests and messages, and closes it once', async () => {
    const { app, get, send, handlers } = await startHybrid(CachetteModule.forRoot({ ttl: '1h' }))
    const page = async () => (await get('/page')).headers.get('x-cache')

    expect([await page(), await page()]).toEqual(['MISS', 'HIT'])
    expect([await send('find', 7), await send('find', 7)]).toEqual([['7 1'], ['7 1']])
    expect([await send('kept', 'a'), await send('kept', 'a')]).toEqual([['a 1'], ['a 1']])
    expect([await send('plain'), await send('plain')]).toEqual([[1], [2]])
    expect(handlers.calls).toEqual(['page', 'find', 'kept', 'plain', 'plain'])
    const cache = app.get(BaseCache)
    expect(await cache.get('user:7')).toBe('7 1')
    await app.close()
    expect(await failureOf(async () => cache.has('user:7'))).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  })
})
