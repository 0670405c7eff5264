// A small application of Next.js, whose pages and routes use the cache: its files by name.
import { join } from 'node:path'
import { readEntryPoints } from '../../../tools/entry-points.ts'

/** The client libraries of which an application has one. */
export const CLIENTS = {
  redis: `import { createClient } from 'redis'
    export async function openClient(url) {
      return createClient({ url }).on('error', () => undefined).connect()
    }`,
  ioredis: `import { Redis } from 'ioredis'
    export async function openClient(url) {
      return new Redis(url)
    }`,
} as const
export type Client = keyof typeof CLIENTS

/** The paths that are asked for, and what has to be in the answers. */
export const ANSWERS: Readonly<Record<string, string>> = {
  // A server component.
  '/': 'Ada since 1970, 7',
  // Every entry point, in memory and by a cache that finds the client itself.
  '/url': '"all is well"',
  '/memory': '{"loads":1,"same":true}',
  '/client': '"Ada, then nobody"',
}
/** The path that tells how many copies of the package the process has loaded. */
export const COPIES = '/copies'

const SHARED = `import { BaseCache, createCache } from 'cachette'
  import { MemoryCache } from 'cachette/memory'
  import { RedisCache } from 'cachette/redis'
  import { openClient } from './client'

  const copies = (globalThis.copies ??= new Set())
  copies.add(BaseCache)
  let shared
  let given
  export const memory = new MemoryCache({ name: 'pages' })
  export const sharedCache = () =>
    (shared ??= createCache({ redis: process.env.TRIAL_URL, connect: 'required', prefix: 'url:', ttl: '1h' }))
  export const givenCache = () =>
    (given ??= openClient(process.env.TRIAL_URL).then((client) => new RedisCache({ client, prefix: 'client:', ttl: '1h' })))`

/** Returns the body of a route that is never made at build time. */
function route(imports: string, body: string): string {
  return `${imports}
    export const dynamic = 'force-dynamic'
    export async function GET() {
      ${body}
    }`
}

const ENTRIES = readEntryPoints(join(import.meta.dirname, '../../..'))
  .filter(({ needs }) => needs.length === 0)
  .map(({ name }) => name)
  .filter((name) => name !== 'index')

export const FILES: Readonly<Record<string, string>> = {
  'next.config.mjs': `const isExternal = process.env.TRIAL_EXTERNAL === 'yes'
    export default {
      output: 'standalone',
      outputFileTracingRoot: import.meta.dirname,
      turbopack: { root: import.meta.dirname },
      ...(isExternal && { serverExternalPackages: ['cachette', 'redis', 'ioredis'] }),
    }`,
  'instrumentation.js': `export async function register() {
      if (process.env.NEXT_RUNTIME === 'nodejs') await import('./caches')
    }`,
  'caches.js': SHARED,
  'app/layout.js': `export default function Layout({ children }) {
      return <html><body>{children}</body></html>
    }`,
  'app/page.js': `import { sharedCache } from '../caches'
    export const dynamic = 'force-dynamic'
    export default async function Page() {
      const cache = await sharedCache()
      const load = () => ({ name: 'Ada', since: new Date(0), n: 7n })
      await cache.getOrSet('user', load, { tags: ['users'] })
      const { name, since, n } = await cache.get('user')
      return <p>{name + ' since ' + since.getUTCFullYear() + ', ' + n}</p>
    }`,
  'app/url/route.js': route(
    `import * as cachette from 'cachette'
    ${ENTRIES.map((name) => `import * as ${name} from 'cachette/${name}'`).join('\n')}
    import trial from '../../trial.cjs'`,
    `return Response.json(await trial({ cachette, ${ENTRIES.join(', ')} }, process.env.TRIAL_URL))`,
  ),
  'app/memory/route.js': route(
    `import { BaseCache } from 'cachette'
    import { memory } from '../../caches'`,
    `let loads = 0
      await memory.delete('n')
      await Promise.all([1, 2, 3].map(() => memory.getOrSet('n', async () => ++loads)))
      return Response.json({ loads, same: memory instanceof BaseCache })`,
  ),
  'app/client/route.js': route(
    `import { givenCache } from '../../caches'`,
    `const cache = await givenCache()
      await cache.set('user', 'Ada', { tags: ['users'] })
      const before = await cache.get('user')
      await cache.invalidateTag('users')
      return Response.json(before + ', then ' + ((await cache.get('user')) ?? 'nobody'))`,
  ),
  'app/copies/route.js': route(
    `import { memory } from '../../caches'`,
    `return Response.json(memory ? globalThis.copies.size : 0)`,
  ),
}
