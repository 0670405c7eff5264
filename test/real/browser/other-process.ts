// A process that uses the cache of a test and has a dashboard over it, without a page.
import { createCache, silentLogger, type BaseCache } from 'cachette'
import { createDashboard } from 'cachette/dashboard'

export const NAME = 'shop'
const open: { cache?: BaseCache; dashboard?: { close(): void } } = {}

/** Opens the cache and its dashboard. */
export async function begin(url: string): Promise<number> {
  open.cache = await createCache({
    redis: { url },
    prefix: 'shop:',
    name: NAME,
    ttl: '1h',
    logger: silentLogger,
  })
  open.dashboard = createDashboard(open.cache)
  return process.pid
}

/** Loads as many users, and reads each of them once more. */
export async function play(loads: number): Promise<void> {
  for (let id = 0; id < loads; id++) {
    await open.cache!.getOrSet(`user:${process.pid}${id}`, () => 'Ada')
    await open.cache!.get(`user:${process.pid}${id}`)
  }
}

export async function end(): Promise<void> {
  open.dashboard?.close()
  await open.cache?.close()
}
