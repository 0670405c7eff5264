import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs a program that has nothing else to do than what it waits for; what it printed, and its exit code. */
async function run(script: string): Promise<{ printed: string; code: number | null }> {
  const program = `
    const { MemoryCache } = await import('./src/memory/index.ts')
    const { Lock, Semaphore } = await import('./src/lock/index.ts')
    const cache = new MemoryCache()
    const never = () => new Promise(() => undefined)
    ${script}
  `
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      printed += bytes.toString()
    })
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ printed: printed.trim(), code }))
  })
}

describe('a process that has nothing else to do', () => {
  test.each([
    [
      'hardTimeout',
      `await cache.getOrSet('a', never, { hardTimeout: 0.1 }).catch((error) => console.log(error.code))`,
      'ERR_CACHE_LOADER_TIMEOUT',
    ],
    [
      'softTimeout',
      `await cache.set('a', 'stale', { ttl: { milliseconds: 5 }, grace: 60 })
       while ((await cache.get('a')) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5))
       console.log(await cache.getOrSet('a', never, { softTimeout: 0.1, grace: 60 }))`,
      'stale',
    ],
    [
      'the wait for a lock',
      `await new Lock(cache, 'a').acquire()
       await new Lock(cache, 'a').acquire({ wait: 0.2 }).catch((error) => console.log(error.code))`,
      'ERR_CACHE_LOCK_BUSY',
    ],
    [
      'the wait for a permit that ends by itself',
      `await new Semaphore(cache, 'a', 1, { ttl: 0.1, maxHold: 0.001 }).acquire()
       await new Semaphore(cache, 'a', 1).acquire({ wait: 5 })
       console.log('mine')`,
      'mine',
    ],
  ])('waits for %s', async (_, script, expected) => {
    expect(await run(script)).toEqual({ printed: expected, code: 0 })
  })

  test('ends though the cache has timers of its own', async () => {
    const script = `
      await cache.set('a', 1, '1h')
      await new Lock(cache, 'a').acquire()
      console.log(await cache.get('a'))
    `
    expect(await run(script)).toEqual({ printed: '1', code: 0 })
  })
})
