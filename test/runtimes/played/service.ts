// A service with a cache in two tiers, which is frozen between requests: `service URL PREFIX`.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from 'cachette'

/** An answer of the service. */
export interface ServiceAnswer {
  /** The value; `null` = none. */
  readonly value?: unknown
  readonly error?: string
  /** The lines in its log so far, rejections that nobody handled included. */
  readonly lines: readonly string[]
}

const [url = '', prefix = ''] = process.argv.slice(2)
const lines: string[] = []
const note = (_details: object, message: string): void => void lines.push(message)
process.on('unhandledRejection', (error) => lines.push(`unhandled: ${String(error)}`))

const cache = await createCache({
  redis: url,
  prefix,
  ttl: '1h',
  staleness: { policy: 'strict', heartbeat: '250ms', maxLag: '1s' },
  lease: '1s',
  logger: { info: () => undefined, warn: note, error: note },
})

let loading = 0

async function answer(path: string, query: URLSearchParams): Promise<unknown> {
  const key = query.get('key') ?? ''
  if (path === '/get') return cache.get(key)
  if (path === '/kept') return cache.get(key, { skipRead: 'l2' })
  if (path === '/loading') return loading
  if (path === '/set')
    return cache.set(key, query.get('value'), { ttl: Number(query.get('ttl')), tags: ['all'] })
  // The loader reads its value before it is slow, as one that has asked a database.
  const value = query.get('value')
  return cache.getOrSet(key, async () => {
    loading += 1
    await new Promise((resolve) => setTimeout(resolve, Number(query.get('ms'))))
    loading -= 1
    return value
  })
}

const server: Server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service')
  const send = (part: Partial<ServiceAnswer>): void => {
    response.setHeader('connection', 'close')
    response.end(JSON.stringify({ ...part, lines } satisfies ServiceAnswer))
  }
  answer(pathname, searchParams).then(
    (value) => send({ value: value ?? null }),
    (error: unknown) => send({ error: String(error) }),
  )
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
