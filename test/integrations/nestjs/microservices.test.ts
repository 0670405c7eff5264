// A microservice of Nest over TCP on each engine, while the server is away, and at its end.
import { Catch, type RpcExceptionFilter } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import { BaseCache } from 'cachette'
import { CachetteModule, RateLimitException } from 'cachette/nestjs'
import { throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../support/error-of.ts'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'
import { startRpc } from './rpc-app.ts'

/** Tells the caller of a refused call. */
@Catch(RateLimitException)
class RefusedFilter implements RpcExceptionFilter<RateLimitException> {
  catch({ message, result }: RateLimitException): Observable<never> {
    return throwError(() => ({ status: 'error', message, retryAfterMs: result.retryAfterMs }))
  }
}

describe('a microservice', () => {
  onEachEngine(({ make }) => {
    it('caches and invalidates by the decorators of handlers', async () => {
      const { app, send, emit, handlers } = await startRpc(CachetteModule.forRoot({ cache: await make() }))
      expect([await send('find', 1), await send('find', 1)]).toEqual([['1 1'], ['1 1']])

      await emit('renamed', 1)
      const cache = app.get(BaseCache)
      await until('the event to be handled', async () => !(await cache.has('user:1')))
      expect(handlers.calls).toEqual(['find', 'renamed'])
      expect(await send('find', 1)).toEqual(['1 2'])
    })

    it('keeps only what has a key, with the interceptor of HTTP before every handler', async () => {
      const { send } = await startRpc(CachetteModule.forRoot({ cache: await make() }))
      expect([await send('plain'), await send('plain')]).toEqual([[1], [2]])
      expect([await send('kept', 'a'), await send('kept', 'a')]).toEqual([['a 1'], ['a 1']])
    })

    it('refuses calls over the limit of a handler, each key apart, and tells the sender by a filter', async () => {
      const filter = { provide: APP_FILTER, useClass: RefusedFilter }
      const { send } = await startRpc(CachetteModule.forRoot({ cache: await make() }), [filter])
      expect([await send('limited', 1), await send('limited', 1)]).toEqual([[1], [2]])
      expect(await failureOf(async () => send('limited', 1))).toMatchObject({ message: 'Too Many Requests' })
      expect(await send('limited', 2)).toEqual([3])
    })
  })

  onServers(({ make, outage }) => {
    it('answers while the server is away, and caches again when it is back', async () => {
      const { send, handlers } = await startRpc(CachetteModule.forRoot({ cache: await make() }))
      await outage(async () => {
        expect([await send('find', 1), await send('kept', 'a'), await send('limited', 1)]).toEqual([
          ['1 1'],
          ['a 1'],
          [1],
        ])
      })
      await until('it caches again', async () => {
        await send('find', 2)
        const { length } = handlers.calls
        await send('find', 2)
        return handlers.calls.length === length
      })
    })
  })

  it('closes the cache that it has made when it ends', async () => {
    const { app, close } = await startRpc(CachetteModule.forRoot())
    const cache = app.get(BaseCache)
    expect(await cache.set('k', 1)).toBe(true)
    await close()
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  })
})
