// A service that is stopped between requests and goes on later, as functions are on some hosts.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisCache } from 'cachette/redis'
import { until } from '../support/until.ts'
import type { ServiceAnswer } from './played/service.ts'
import type { Line } from './outcomes.ts'
import type { Library, Projects } from './project.ts'
import type { Runtime } from './runtimes.ts'

/** Longer than the bound of the service (1 s), its lease (1 s) and the ttl of its entries (2 s). */
const FROZEN_MS = 3_000
const ROUNDS = 3
const AT_ONCE = 25

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Freezes a service again and again, changes its data meanwhile, and judges its first answers afterwards. */
export async function playFrozen(
  projects: Projects,
  runtime: Runtime,
  library: Library,
  url: string,
): Promise<Omit<Line, 'title' | 'runtime'>> {
  const prefix = `frozen:${randomUUID()}:`
  const child = projects.start(runtime, library, 'service', url, prefix)
  const other = await RedisCache.fromUrl(url, { prefix, ttl: '1h', logger: silent })
  const failed: string[] = []
  let passed = 0
  const judge = (what: string, isRight: boolean): void => {
    if (isRight) passed += 1
    else failed.push(what)
  }
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => (errors += String(chunk)))
  try {
    const base = await firstLine(child.stdout!)
    const ask = async (path: string): Promise<ServiceAnswer> =>
      (await (await fetch(base + path)).json()) as ServiceAnswer
    for (let round = 1; round <= ROUNDS; round += 1) {
      await other.set('price', `old ${round}`)
      await other.set('gone', 'here')
      await ask(`/set?key=tagged&value=old&ttl=3600`)
      await until('the service to keep the values', async () => {
        await Promise.all(['price', 'gone', 'tagged'].map((key) => ask(`/get?key=${key}`)))
        const kept = await Promise.all(['price', 'gone', 'tagged'].map((key) => ask(`/kept?key=${key}`)))
        return kept[0]?.value === `old ${round}` && kept[1]?.value === 'here' && kept[2]?.value === 'old'
      })
      await ask('/set?key=short&value=old&ttl=2')
      // It would end while the service is frozen.
      const loading = ask(`/load?key=row&value=old${round}&ms=${FROZEN_MS / 2}`)
      await until('the load to have begun', async () => (await ask('/loading')).value === 1)

      child.kill('SIGSTOP')
      await other.set('price', `new ${round}`)
      await other.delete('gone')
      await other.invalidate('row')
      await other.invalidateTag('all')
      await delay(FROZEN_MS)
      child.kill('SIGCONT')

      const expected = { price: `new ${round}`, gone: null, tagged: null, short: null }
      const reads = Object.entries(expected).flatMap(([key, value]) =>
        Array.from({ length: AT_ONCE }, async () => {
          const { value: seen, error } = await ask(`/get?key=${key}`)
          // A miss is no stale value. The service may have lost its connection.
          const isRight = error === undefined && (seen === value || seen === null)
          judge(`round ${round}: ${key} was ${error ?? JSON.stringify(seen)}`, isRight)
        }),
      )
      await Promise.all(reads)
      const loaded = await loading
      judge(`round ${round}: the load answered ${JSON.stringify(loaded)}`, loaded.value === `old${round}`)
      const again = await ask(`/load?key=row&value=new${round}&ms=0`)
      judge(
        `round ${round}: the next load answered ${JSON.stringify(again.value)}`,
        again.value === `new${round}`,
      )
      await other.delete('row')
      await until(
        'the service to be well',
        async () => (await ask('/get?key=price')).value === `new ${round}`,
      )
    }
    const { lines } = await ask('/get?key=price')
    // A lost connection, and a connection that is back, are one line each.
    judge(`${lines.length} lines in the log: ${lines.join('; ')}`, lines.length <= 2 * ROUNDS)
    judge(`on stderr: ${errors}`, errors === '')
  } catch (error) {
    failed.push(`${String(error)} ${errors}`.trim())
  } finally {
    child.kill('SIGKILL')
    await other.close()
  }
  return { passed, failed }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stream })
  const ended = once(lines, 'close').then(() => {
    throw new Error('the service ended before it listened')
  })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  ended.catch(() => undefined)
  return line
}
