// A caller that repeats a refused call without a pause must not keep the process from hearing that the server is back.
import { expect, it, onTestFinished } from 'vitest'
import { silentLogger } from 'cachette'
import { until } from '../support/until.ts'
import { ENGINES, openCache } from './caches.ts'
import { CLIENT_NAMES } from './native-clients.ts'
import { describeWithServers, startRedis } from './servers/index.ts'

const BOUND_MS = 20_000

const CALLS = {
  setMany: async (cache) => cache.setMany(Array.from({ length: 500 }, (_, at) => [`key:${at}`, at] as const)),
  increment: async (cache) => (await cache.increment('count')) !== undefined,
} as const satisfies Record<
  string,
  (cache: Awaited<ReturnType<typeof openCache>>['cache']) => Promise<boolean>
>

describeWithServers('a refused call that is repeated without a pause', () => {
  const cases = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const))

  it.each(cases)('succeeds when the server is back: %s, %s', async (engine, client) => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    const options = { prefix: 'app:', logger: silentLogger, deadline: { hard: 0.2 } }
    const opened = await openCache(engine, client, server.url, options)
    onTestFinished(() => opened[Symbol.asyncDispose]())
    for (const [name, call] of Object.entries(CALLS)) {
      server.freeze()
      await until('the server to be given up', async () => {
        const began = performance.now()
        const stored = await call(opened.cache)
        return !stored && performance.now() - began < 50
      })
      server.resume()
      const untilMs = performance.now() + BOUND_MS
      let isBack = false
      while (!isBack && performance.now() < untilMs) isBack = await call(opened.cache)
      expect(isBack, name).toBe(true)
    }
  })
})
