import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createDashboard, type Dashboard, type DashboardFigures } from 'cachette/dashboard'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launch, noiseOf, PATIENCE, serve as serveAt } from './browser.ts'
import { openShop } from './shop.ts'

const IMAGES = join(import.meta.dirname, '../../../docs/images')
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let browser: Browser
const ends: (() => unknown)[] = []

beforeAll(async () => {
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
})

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function serve(dashboard: Dashboard): Promise<string> {
  const { url, close } = await serveAt(dashboard)
  ends.push(close)
  return url
}

/** Opens the page of a shop. Each console message, error and request to another host is noted. */
async function open(options: { readonly readOnly?: boolean; readonly colorScheme?: 'light' | 'dark' } = {}) {
  const shop = openShop()
  ends.push(async () => shop.close())
  const { colorScheme = 'light', readOnly = true } = options
  const dashboard = createDashboard(shop.cache, {
    readOnly,
    auditors: [shop.auditor],
    authorize: (request) => (request.headers.get('authorization') === USER ? true : ASK()),
  })
  const url = await serve(dashboard)
  await shop.play(240)
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 1120, height: 1180 },
    httpCredentials: { username: 'ops', password: 'secret' },
  })
  ends.push(async () => context.close())
  const page = await context.newPage()
  const noise = noiseOf(page, url)
  await page.goto(`${url}/cachette`, { waitUntil: 'domcontentloaded' })
  await page.locator('#stat-reads').waitFor()
  return { shop, page, url, noise }
}

const USER = `Basic ${btoa('ops:secret')}`
const ASK = (): Response =>
  new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="cache"' } })

type Opened = Pick<Awaited<ReturnType<typeof open>>, 'shop' | 'page'>

/** Lets seconds pass until the page shows as many reads as the cache has counted. */
async function untilShown({ shop, page }: Opened): Promise<void> {
  const { hits, misses } = shop.cache.stats()
  const expected = (hits + misses).toLocaleString('en-US')
  await expect
    .poll(async () => {
      await shop.clock.advance('1s')
      return page.locator('#stat-reads').textContent()
    }, PATIENCE)
    .toBe(expected)
}

/** Plays a second and waits until the page shows other figures. */
async function playShown({ shop, page }: Opened): Promise<void> {
  const before = await page.locator('#stat-reads').textContent()
  await shop.play(1)
  await expect.poll(async () => page.locator('#stat-reads').textContent(), PATIENCE).not.toBe(before)
}

describe('the page in a browser', () => {
  it('shows live figures that agree with stats(), without a console message', async () => {
    const opened = await open()
    const { shop, page, noise, url } = opened
    await shop.play(5)
    await untilShown(opened)

    const stats = shop.cache.stats()
    const text = async (id: string): Promise<string | null> => page.locator(`#stat-${id}`).textContent()
    expect(await text('hits')).toBe(stats.hits.toLocaleString('en-US'))
    expect(await text('loads')).toBe(stats.loads.toLocaleString('en-US'))
    expect(await text('coalesced')).toBe(stats.coalesced.toLocaleString('en-US'))
    expect(await text('ratio')).toBe(`${(Math.floor(stats.hitRatio! * 1_000) / 10).toFixed(1)} %`)
    const figures = await fetch(`${url}/cachette/figures`, { headers: { authorization: USER } })
    const { sentence } = (await figures.json()) as DashboardFigures
    expect(await page.locator('#sentence').textContent()).toBe(sentence)
    expect(await page.locator('#worth tbody tr').count()).toBeGreaterThanOrEqual(4)
    expect(await page.locator('.chart canvas').count()).toBe(2)
    const courses: readonly string[] = await page
      .locator('#worth polyline')
      .evaluateAll((lines) => lines.map((line) => line.getAttribute('points')))
    expect(courses.length).toBe(await page.locator('#worth tbody tr').count())
    // Numbers in pairs, the highest at the top.
    expect(courses[0]).toMatch(/^\d+,[\d.]+(,\d+,[\d.]+)*$/)
    expect(courses[0]!.split(',').filter((_, index) => index % 2 === 1)).toContain('2')
    expect(noise).toEqual([])
  })

  it('refuses without the password', async () => {
    const { url } = await open()

    for (const path of ['', '/figures', '/live'])
      expect((await fetch(`${url}/cachette${path}`)).status).toBe(401)
  })

  it('explains an entry by the keyboard alone', async () => {
    const { page, noise } = await open()

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('#key').focus()
    await page.keyboard.type('user:0')
    await page.keyboard.press('Enter')
    await page.locator('#explained').waitFor()

    expect(await page.locator('.explained').textContent()).toContain(
      'A read of user:0 would find a fresh value',
    )
    expect(await page.locator('.explained').textContent()).toContain('redacted')
    expect(await page.locator('button.danger').count()).toBe(0)
    expect(noise).toEqual([])
  })

  it('shows the ttl of an entry as it runs out, and the size that is advised', async () => {
    const opened = await open()
    const { page, shop } = opened
    await shop.cache.set('user:0', 1, '10m')
    await page.locator('#key').fill('user:0')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.locator('#explained').waitFor()
    const left = async (): Promise<number> =>
      Number.parseFloat((await page.locator('.explained tbody td:nth-child(3)').textContent())!)

    const before = await left()
    expect(before).toBeGreaterThan(500)
    await playShown(opened)
    await expect
      .poll(async () => {
        await playShown(opened)
        return left()
      }, PATIENCE)
      .toBeLessThan(before)
    expect(await page.locator('#size .u-legend').textContent()).toContain('advised')
  })

  it('connects again after a proxy has answered in place of the service', async () => {
    const { page } = await open()
    await page.route('**/live', async (route) => route.fulfill({ status: 502 }), { times: 1 })
    await page.reload({ waitUntil: 'domcontentloaded' })

    await page.locator('#stat-reads').waitFor()
    expect(await page.locator('header [role=status]').textContent()).toBe('live')
  })

  it('shows a hostile key as text', async () => {
    const { shop, page, noise } = await open()
    const evil = '<img src=x onerror=alert(1)>'
    await shop.cache.set(evil, 1)

    await page.locator('#key').fill(evil)
    await page.getByRole('button', { name: 'List keys' }).click()
    await page.locator('.keys button').click()
    await page.locator('#explained').waitFor()

    expect(await page.locator('#explained').textContent()).toBe(evil)
    expect(await page.locator('img').count()).toBe(0)
    expect(noise).toEqual([])
  })

  it('invalidates a tag after a question, with readOnly: false', async () => {
    const { shop, page, noise } = await open({ readOnly: false })
    await shop.cache.set('user:0', 1, { tags: ['users'] })

    await page.locator('#tag').fill('users')
    await page.getByRole('button', { name: 'Invalidate…' }).click()
    expect(await shop.cache.has('user:0')).toBe(true)
    await page.getByRole('button', { name: 'Yes, do it' }).click()
    await page.getByText('The tag users is invalidated.').waitFor()

    expect(await shop.cache.has('user:0')).toBe(false)
    expect(noise).toEqual([])
  })

  it('refuses a POST of another site, and one of a page that is read-only', async () => {
    const { shop, page, url } = await open()
    await shop.cache.set('user:0', 1, { tags: ['users'] })
    const ask = async (): Promise<number> =>
      page.evaluate(async (address) => {
        const headers = { 'content-type': 'application/json' }
        const body = JSON.stringify({ cache: '0', tag: 'users' })
        return fetch(address, { method: 'POST', headers, body, mode: 'cors', credentials: 'include' }).then(
          ({ status }) => status,
          () => 0,
        )
      }, `${url}/cachette/invalidate`)

    expect(await ask()).toBe(403)
    const other = await serve(createDashboard(shop.cache, { authorize: () => true }))
    await page.goto(`${other.replace('127.0.0.1', 'localhost')}/cachette/figures`)
    expect(await ask()).toBe(0)
    expect(await shop.cache.has('user:0')).toBe(true)
  })

  it.each(['light', 'dark'] as const)(
    'has no serious fault of accessibility, and a picture: %s',
    async (colorScheme) => {
      const opened = await open({ colorScheme, readOnly: false })
      const { page, noise } = opened
      for (let index = 0; index < 30; index++) {
        await playShown(opened)
      }
      await page.locator('#key').fill('product:7')
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.locator('#explained').waitFor()
      const path = join(IMAGES, `dashboard-${colorScheme}.png`)
      await page.evaluate('scrollTo(0, 0)')
      await page.screenshot({ path })
      expect(readFileSync(path).length).toBeLessThan(200_000)
      expect(noise).toEqual([])

      await page.evaluate(`${readFileSync(AXE, 'utf8')}; undefined`)
      const found = await page.evaluate<
        [string, string, string[]][]
      >(`axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>
      [id, impact, nodes.map(({ html }) => html).slice(0, 3)]))`)
      expect(found.filter(([, impact]) => impact === 'serious' || impact === 'critical')).toEqual([])
    },
  )
})
