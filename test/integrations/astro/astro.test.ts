// examples/astro from the packed package, built and started twice over one server, which ends and comes back.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { pack } from '../../../tools/pack.ts'
import { startRedis } from '../../real/servers/index.ts'
import { freePort } from '../../real/servers/ports.ts'
import { until } from '../../support/until.ts'

const root = join(import.meta.dirname, '../../..')
const packages = join(process.env['CACHETTE_TEST_NEWER']!, 'node_modules')
const { NODE_ENV: _, VITEST: __, REDIS_URL: ___, ...env } = process.env

/** The provider as a variable of the type of Astro, without a cast. */
const TYPES = `import type { CacheProvider, CacheProviderFactory } from 'astro'
  import { MemoryCache } from 'cachette'
  import { cacheProvider } from 'cachette/astro'
  export const provider: CacheProvider = cacheProvider(new MemoryCache(), { ignoreCookies: true })
  export const factory: CacheProviderFactory = () => provider`

let folder: string

beforeAll(() => {
  using packed = pack()
  folder = mkdtempSync(join(tmpdir(), 'cachette-astro-'))
  cpSync(join(root, 'examples/astro'), folder, { recursive: true })
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'cachette'), { recursive: true })
  run('tar', ['xzf', packed.tarball, '-C', join(modules, 'cachette'), '--strip-components=1'])
  for (const name of readdirSync(packages))
    if (!name.startsWith('.')) symlinkSync(join(packages, name), join(modules, name))
  for (const name of ['redis', '@redis']) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  run(process.execPath, ['node_modules/astro/bin/astro.mjs', 'build'])
}, 600_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('fits Astro without a cast', { timeout: 300_000 }, () => {
  writeFileSync(join(folder, 'types.ts'), TYPES)
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    module: 'esnext',
    moduleResolution: 'bundler',
    types: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }))
  run(process.execPath, [join(root, 'node_modules/ts7/bin/tsc'), '-p', '.'])
})

it('shares pages among processes, forgets them, and survives', { timeout: 300_000 }, async () => {
  const server = await startRedis()
  onTestFinished(async () => server.close())
  const [one, other] = [await start(server.url), await start(server.url)]
  const made = async (origin: string, path = '/'): Promise<string> => {
    const { status, text } = await ask(origin, path)
    expect(status).toBe(200)
    return /load \d+ of process \d+/.exec(text)![0]
  }
  const agree = async (): Promise<void> => {
    await until('both to answer with one page', async () => {
      const page = await made(one)
      return page === (await made(other)) && page === (await made(one))
    })
  }
  const invalidate = async (origin: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await ask(origin, '/api/invalidate', headers, JSON.stringify(body))
    expect(answer.status).toBe(204)
  }

  await agree()
  const told = await ask(one, '/')
  expect([told.headers['cache-status'], told.headers['cache-control']]).toEqual([
    expect.stringMatching(/^Cachette; hit; ttl=\d+$/),
    'no-cache',
  ])
  for (const [origin, further, body] of [
    [one, other, { tags: ['news'] }],
    [other, one, { path: '/' }],
    [one, other, { path: '/?of=1' }],
  ] as const) {
    const path = 'path' in body ? body.path : '/'
    const before = await made(origin, path)
    await invalidate(origin, body)
    expect(await made(origin, path)).not.toBe(before)
    await until('the other to know', async () => (await made(further, path)) !== before)
  }

  // Each visitor has a cookie of their own, and the page is never shared.
  for (const origin of [one, other, one]) {
    const { text, headers } = await ask(origin, '/mine')
    expect(text).toContain('visit 1')
    expect(headers['set-cookie']).toEqual([expect.stringContaining('visits=1')])
  }
  const again = await ask(one, '/mine', { cookie: 'visits=6' })
  expect(again.text).toContain('visit 7')

  await server.kill()
  for (let round = 0; round < 5; round++) for (const origin of [one, other]) await made(origin)
  await invalidate(one, { tags: ['news'] })
  await server.restart()
  await agree()
})

async function start(url: string): Promise<string> {
  const port = await freePort()
  const child = spawn(process.execPath, ['dist/server/entry.mjs'], {
    cwd: folder,
    env: { ...env, HOST: '127.0.0.1', PORT: String(port), REDIS_URL: url },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const origin = `http://127.0.0.1:${port}`
  await until('Astro to listen', async () =>
    fetch(`${origin}/mine`).then(
      () => true,
      () => false,
    ),
  )
  return origin
}

/** Sends a request for the site that all processes serve. */
async function ask(origin: string, path: string, headers: OutgoingHttpHeaders = {}, body?: string) {
  const method = body === undefined ? 'GET' : 'POST'
  const sent = request(origin + path, { method, headers: { host: 'site.test', ...headers }, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode, text: await readAll(response), headers: response.headers }
}

function run(command: string, args: readonly string[]): void {
  const options = { cwd: folder, encoding: 'utf8', env: { ...env, ASTRO_TELEMETRY_DISABLED: '1' } } as const
  const { status, stdout, stderr } = spawnSync(command, args, options)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`)
}
