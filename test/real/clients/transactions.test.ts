// A transaction that is begun by hand on the client that a cache uses.
import { expect, it } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const CASES = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => ({ engine, client })))

interface Raw {
  call?(name: string): Promise<unknown>
  sendCommand(args: readonly string[]): Promise<unknown>
}

describeWithServers('MULTI on the client of a cache', () => {
  it.each(CASES)('is no answer, and said once, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    const logger = new RecordingLogger()
    await using opened = await openCache(engine, client, server.url, { prefix: 'app:', logger })
    const { cache, native } = opened
    const raw = native.client as object as Raw
    const send = async (name: string): Promise<unknown> => raw.call?.(name) ?? raw.sendCommand([name])
    expect(await cache.set('kept', 'old', { grace: '1m' })).toBe(true)

    await send('MULTI')
    expect(await cache.get('other')).toBeUndefined()
    expect(await cache.getMany(['other', 'third'])).toEqual(new Map())
    expect(await cache.set('kept', 'new')).toBe(false)
    expect(await cache.increment('counter')).toBeUndefined()
    expect(await cache.getOrSet('loaded', () => 'loaded')).toBe('loaded')
    expect(await cache.delete('gone')).toBe(false)
    await send('EXEC')

    await until('the cache to work', async () => cache.set('again', true))
    await until('what was queued', async () => cache.stats().outbox!.keys === 0)
    expect(['new', undefined]).toContain(await cache.get('kept'))
    const said = logger.lines.filter(({ message }) => message.includes('MULTI'))
    expect(said.map(({ level }) => level)).toEqual(['error'])
  })
})
