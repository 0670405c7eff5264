// No response of one user reaches another, whatever the handler says and however requests overlap.
import { MemoryCache, silentLogger } from 'cachette'
import { ResponseCache } from 'cachette/http'
import { FakeClock } from 'cachette/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'

interface Visitor {
  readonly user: string | undefined
  readonly by: 'authorization' | 'cookie' | 'both' | 'x-user'
  readonly page: string
  readonly directives: string
  readonly method: string
  readonly pauseSeconds: number
}

/** The way in which a page makes its response. */
interface Page {
  readonly directives: readonly string[]
  readonly vary: readonly string[]
  readonly cookie: boolean
  readonly delay: number
  readonly streams: boolean
  readonly status: number
}

const USERS = [undefined, 'ada', 'bob', 'eve']
const DIRECTIVES = [
  'private',
  'no-store',
  'max-age=60',
  's-maxage=60',
  'public',
  'must-revalidate',
  'no-cache',
  'stale-while-revalidate=60',
  'stale-if-error=60',
  'Private',
  'PUBLIC',
  'private="x-user"',
  'no-cache="set-cookie"',
  'immutable',
]
const visitor = fc.record({
  user: fc.constantFrom(...USERS),
  by: fc.constantFrom<Visitor['by'][]>('authorization', 'cookie', 'both', 'x-user'),
  page: fc.constantFrom('/a', '/b'),
  directives: fc.constantFrom('', '', '', 'no-cache', 'max-stale', 'max-age=0', 'no-store', 'only-if-cached'),
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
  pauseSeconds: fc.constantFrom(0, 0, 0, 0, 30, 70),
})
const page = fc.record({
  directives: fc.oneof(
    fc.constantFrom(['max-age=60'], ['public', 'max-age=60', 'stale-while-revalidate=60']),
    fc.uniqueArray(fc.constantFrom(...DIRECTIVES), { maxLength: 4 }),
  ),
  vary: fc.uniqueArray(
    fc.constantFrom('Cookie', 'authorization', 'X-User', 'Accept', 'Accept-Language', '*'),
    { maxLength: 2 },
  ),
  cookie: fc.constantFrom(false, false, true),
  delay: fc.nat({ max: 3 }),
  streams: fc.boolean(),
  status: fc.constantFrom(200, 200, 200, 404, 503),
})

it('gives no response of one user to another', async () => {
  const seen = { stored: 0, shared: 0, hits: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(visitor, { minLength: 2, maxLength: 12 }),
      fc.record({
        '/a': fc.array(page, { minLength: 1, maxLength: 3 }),
        '/b': fc.array(page, { minLength: 1, maxLength: 3 }),
      }),
      fc.boolean(),
      async (visitors, pages, ttl) => {
        const clock = new FakeClock()
        const cache = new MemoryCache({ clock, logger: silentLogger })
        const responses = new ResponseCache(cache, { ttl: ttl ? '1m' : undefined, staleIfError: '1m' })
        let call = 0
        const ask = async (one: Visitor): Promise<void> => {
          const request = requestOf(one)
          const response = await responses.handle(request, async (asked) => {
            const list = pages[one.page as '/a']
            const made = list[call++ % list.length]!
            for (let turn = 0; turn < made.delay; turn++) await turnOver()
            return responseOf(made, userOf(asked))
          })
          const text = await response.text()
          const told = response.headers.get('cache-status') ?? ''
          if (told.includes('stored')) seen.stored++
          if (told.includes('collapsed')) seen.shared++
          if (told.includes('hit')) seen.hits++
          const [owner, isPublic] = (response.headers.get('x-owner') ?? 'none').split(' ')
          if (owner === 'none') return
          // A body of HEAD is empty, and its headers have the owner.
          expect(text === '' || text.startsWith(`page of ${owner}`)).toBe(true)
          // A handler that says public, or s-maxage or must-revalidate to Authorization, says that it is for everybody.
          if (isPublic === 'public') return
          expect(owner).toBe(userOf(request))
        }
        let pending: Promise<void>[] = []
        for (const one of visitors) {
          if (one.pauseSeconds > 0) {
            await settled(pending, clock)
            pending = []
            await clock.advance(one.pauseSeconds)
          }
          pending.push(ask(one))
          if (one.pauseSeconds === 0 && pending.length % 3 === 0) await turnOver()
        }
        await settled(pending, clock)
        await cache.close()
      },
    ),
    { numRuns: Number(process.env['CACHETTE_RUNS'] ?? 400) },
  )
  // The property says nothing if nothing is ever shared.
  expect(Math.min(seen.stored, seen.shared, seen.hits)).toBeGreaterThan(0)
})

function requestOf({ user, by, page, directives, method }: Visitor): Request {
  const headers = new Headers()
  if (user !== undefined) {
    if (by === 'authorization' || by === 'both') headers.set('authorization', `Bearer ${user}`)
    if (by === 'cookie' || by === 'both') headers.set('cookie', `sid=${user}`)
    if (by === 'x-user') headers.set('x-user', user)
  }
  if (directives !== '') headers.set('cache-control', directives)
  return new Request(`http://example.test${page}`, { method, headers })
}

function userOf({ headers }: Request): string {
  const named =
    headers.get('authorization')?.slice('Bearer '.length) ?? headers.get('cookie')?.slice('sid='.length)
  return named ?? headers.get('x-user') ?? 'nobody'
}

function responseOf(made: Page, user: string): Response {
  const says = new Set(made.directives.map((one) => one.toLowerCase()))
  // A page that names its user by another header than the credentials must say so by Vary.
  const vary = new Set(made.vary)
  const isPublic = ['public', 's-maxage=60', 'must-revalidate'].some((one) => says.has(one))
  vary.add('X-User')
  const headers = new Headers({
    Vary: [...vary].join(', '),
    'X-Owner': `${user}${isPublic ? ' public' : ''}`,
  })
  if (made.directives.length > 0) headers.set('Cache-Control', made.directives.join(', '))
  if (made.cookie) headers.set('Set-Cookie', `sid=${user}`)
  const body = `page of ${user}`
  if (!made.streams) return new Response(body, { status: made.status, headers })
  const chunks = [body.slice(0, 4), body.slice(4)].map((chunk) => new TextEncoder().encode(chunk))
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await turnOver()
      const chunk = chunks.shift()
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
  return new Response(stream, { status: made.status, headers })
}

async function turnOver(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Waits for answers. A request that waits for the load of another, which is long under way, looks again after a while. */
async function settled(pending: readonly Promise<void>[], clock: FakeClock): Promise<void> {
  const state = { isOver: false }
  const all = Promise.all(pending).finally(() => {
    state.isOver = true
  })
  for (let turn = 0; !state.isOver; turn++) {
    await turnOver()
    if (turn % 100 === 99) await clock.advance(1)
  }
  await all
}
