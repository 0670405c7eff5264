// The browser of these tests, and the server of the page.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dashboard } from 'cachette/dashboard'
import { chromium, type Browser, type Page } from 'playwright-core'

const BROWSER = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
]

/** A wait of a test that shares its machine with others. */
export const PATIENCE = { timeout: 20_000, interval: 20 }

/** Starts the browser. */
export async function launch(): Promise<Browser> {
  if (!existsSync(BROWSER)) throw new Error(`there is no Chromium at ${BROWSER}; CHROMIUM names another`)
  return chromium.launch({ executablePath: BROWSER, args: ARGS })
}

/** Serves a dashboard on this machine. */
export async function serve(
  dashboard: Dashboard,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server: Server = createServer((request, response) => void dashboard.node(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    dashboard.close()
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** Returns a list that fills with console messages, errors of the page, and requests to other hosts. */
export function noiseOf(page: Page, url: string): readonly string[] {
  const noise: string[] = []
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) noise.push(request.url())
  })
  return noise
}
