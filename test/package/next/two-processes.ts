// examples/next, built and started twice over one server, which ends and comes back.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { freePort } from '../../real/servers/ports.ts'
import { startRedis } from '../../real/servers/server.ts'
import { until } from '../../support/until.ts'
import { NextProject, type Bundler, type Started } from './project.ts'

const root = join(import.meta.dirname, '../../..')
const COMPILER = join(root, 'node_modules/ts7/bin/tsc')

/** The handlers as variables of the types of Next.js, without a cast. */
const TYPES = `import type { CacheHandler } from 'next/cache'
  import type { CacheHandler as IsrHandler } from 'next/dist/server/lib/incremental-cache'
  import { createCacheHandler, createIsrCacheHandler } from 'cachette/next'
  export const handler: CacheHandler = createCacheHandler({ redis: 'redis://localhost', maxTtl: '7d' })
  export const Isr: typeof IsrHandler = createIsrCacheHandler({ buildId: 'one' })`

/** The paths of a page that is kept whole, and of one that is made for each request. */
const PAGES = ['/', '/live']

/** Plays the example, and tells how it ended in a line. */
export async function playTwoProcesses(title: string, bundler: Bundler): Promise<boolean> {
  const began = performance.now()
  const open: Started[] = []
  await using server = await startRedis()
  using project = new NextProject(join(root, 'examples/next'))
  let failure: unknown
  try {
    project.check(COMPILER, 'handlers.ts', TYPES)
    await server.kill()
    project.buildExample(bundler, server.url)
    await server.restart()
    project.buildExample(bundler, server.url)
    open.push(await project.startExample(await freePort(), server.url))
    open.push(await project.startExample(await freePort(), server.url))
    await play(open[0]!, open[1]!, server)
  } catch (error) {
    failure = error
  }
  const outputs = await Promise.all(open.map(async (one) => one.end()))
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`Next.js, ${title}: ${failure === undefined ? 'all is well' : 'FAILED'}, ${seconds} s`)
  if (failure !== undefined) console.log(failure, outputs.join('\n'))
  return failure === undefined
}

async function play(
  one: Started,
  other: Started,
  server: Awaited<ReturnType<typeof startRedis>>,
): Promise<void> {
  for (const path of PAGES) await agree(one, other, path)
  for (const path of PAGES) {
    // Invalidated in the one, it is never served again there, and no longer in the other as soon as it knows.
    const before = await made(one, path)
    assert.equal(await one.post('/api/revalidate'), 303)
    assert.notEqual(await made(one, path), before)
    await until('the other to know', async () => (await made(other, path)) !== before)
    await agree(one, other, path)
  }
  // A stale page is served, and made anew in the background.
  const stale = await made(one, '/live')
  assert.equal(await other.post('/api/revalidate?stale=600'), 303)
  await until('a new value', async () => (await made(one, '/live')) !== stale)
  await agree(one, other, '/live')

  await server.kill()
  for (let round = 0; round < 5; round++)
    for (const path of PAGES) for (const each of [one, other]) await made(each, path)
  assert.equal(await one.post('/api/revalidate'), 303)
  await server.restart()
  for (const path of PAGES) await agree(one, other, path)
  const after = await made(one, '/')
  assert.equal(await other.post('/api/revalidate'), 303)
  await until('the one to know', async () => (await made(one, '/')) !== after)
  await agree(one, other, '/')
}

/** Returns the load and the process that a page tells. @throws if it tells none. */
async function made(started: Started, path: string): Promise<string> {
  const text = await started.ask(path)
  const [found] = /load \d+ of process \d+/.exec(text) ?? []
  assert.ok(found, `${path} answered ${text.slice(0, 300)}`)
  return found
}

async function agree(one: Started, other: Started, path: string): Promise<void> {
  await until(`both to answer ${path} with one value`, async () => {
    const first = await made(one, path)
    return first === (await made(other, path)) && first === (await made(one, path))
  })
}
