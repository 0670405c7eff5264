// The page of one process shows the figures of two.
import { createCache, silentLogger } from 'cachette'
import { createDashboard } from 'cachette/dashboard'
import { expect, it, onTestFinished } from 'vitest'
import { Peer } from '../../support/peer.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'
import { launch, noiseOf, PATIENCE, serve } from './browser.ts'
import type * as otherProcess from './other-process.ts'

describeWithServers('the page over a cache of two processes', () => {
  it('shows the figures of both, and those of one when the other has ended', async () => {
    const server = await startRedis()
    onTestFinished(async () => server.close())
    const cache = await createCache({
      redis: { url: server.url },
      prefix: 'shop:',
      name: 'shop',
      ttl: '1h',
      logger: silentLogger,
    })
    onTestFinished(async () => cache.close())
    await using peer = new Peer<typeof otherProcess>(new URL('other-process.ts', import.meta.url))
    const pid = await peer.call.begin(server.url)
    await peer.call.play(50)
    const { url, close } = await serve(createDashboard(cache))
    onTestFinished(close)
    for (let id = 0; id < 30; id++) await cache.getOrSet(`user:${id}`, () => 'Bea')

    const browser = await launch()
    onTestFinished(async () => browser.close())
    const page = await browser.newPage()
    const noise = noiseOf(page, url)
    await page.goto(`${url}/cachette`, { waitUntil: 'domcontentloaded' })
    const text = async (place: string): Promise<string> => (await page.locator(place).textContent()) ?? ''

    await expect
      .poll(async () => text('#sentence'), PATIENCE)
      .toMatch(/ 2 processes answered 38\.4 % of 130 reads /)
    expect(await text('#worth tbody tr')).toMatch(/^user:\{id\}130/)
    expect(await text('#processes')).toMatch(new RegExp(`lag of .+:${process.pid}.*lag of .+:${pid}`))
    expect(await text('#stat-reads')).toBe('30')

    await peer.call.end()
    await expect
      .poll(async () => text('#sentence'), PATIENCE)
      .toMatch(/ this process answered 0\.0 % of 30 reads /)
    expect(await page.locator('#processes').count()).toBe(0)
    expect(noise).toEqual([])
  })
})
