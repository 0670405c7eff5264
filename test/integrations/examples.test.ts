// The services of examples/, as users start them: with the packed package, over a server that dies and comes back.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { pack } from '../../tools/pack.ts'
import { startRedis } from '../real/servers/index.ts'

const root = join(import.meta.dirname, '../..')

describe('an example of a service', () => {
  let folder: string
  beforeAll(() => {
    using packed = pack()
    folder = mkdtempSync(join(tmpdir(), 'cachette-examples-'))
    const modules = join(folder, 'node_modules')
    mkdirSync(join(modules, 'cachette'), { recursive: true })
    const target = ['-C', join(modules, 'cachette'), '--strip-components=1']
    expect(spawnSync('tar', ['xzf', packed.tarball, ...target]).status).toBe(0)
    for (const name of ['express', 'fastify', 'hono', '@hono', 'drizzle-orm', '@electric-sql'])
      symlinkSync(join(root, 'test/integrations/node_modules', name), join(modules, name))
    for (const name of ['redis', '@redis']) symlinkSync(join(root, 'node_modules', name), join(modules, name))
    for (const name of ['shop', 'express', 'fastify', 'hono', 'drizzle'])
      cpSync(join(root, 'examples', name), join(folder, name), { recursive: true })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(['express', 'fastify', 'hono'])(
    'answers from the cache, forgets, and survives: %s',
    async (name) => {
      const server = await startRedis()
      onTestFinished(async () => server.close())
      const child = spawn(process.execPath, ['main.mjs'], {
        cwd: join(folder, name),
        env: { ...process.env, PORT: '0', REDIS_URL: server.url },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      let url = ''
      for await (const line of createInterface(child.stdout)) {
        url = /^listening on (.*)$/.exec(line)?.[1] ?? ''
        if (url !== '') break
      }
      const ask = async (path: string, method = 'GET') => {
        const response = await fetch(url + path, { method })
        return {
          status: response.status,
          text: await response.text(),
          told: response.headers.get('cache-status'),
        }
      }
      await expect.poll(async () => (await ask('/status')).text).toContain('"status":"ok"')
      expect(await ask('/articles/1')).toMatchObject({ status: 200, text: '{"id":1,"name":"tea","price":3}' })
      await expect.poll(async () => (await ask('/articles/1')).told).toContain('hit')
      expect(await ask('/articles/1/price/4', 'PUT')).toMatchObject({ status: 204 })
      expect(await ask('/articles/1')).toMatchObject({ text: '{"id":1,"name":"tea","price":4}' })
      expect(await ask('/articles/9')).toMatchObject({ status: 404 })

      await server.kill()
      expect(await ask('/articles/1')).toMatchObject({ status: 200, text: '{"id":1,"name":"tea","price":4}' })
      expect(await ask('/articles/2')).toMatchObject({ status: 200 })
      await server.restart()

      await expect.poll(async () => (await ask('/articles/2')).status, { timeout: 20_000 }).toBe(429)

      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    },
  )

  it('reads queries of Drizzle from the cache until they change', { timeout: 300_000 }, async () => {
    const { REDIS_URL: _, ...env } = process.env
    const child = spawn(process.execPath, ['main.mjs'], {
      cwd: join(folder, 'drizzle'),
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    for await (const line of createInterface(child.stdout)) lines.push(line)
    expect(lines.filter((line) => line.includes(', says '))).toEqual([
      'first: tea costs 3, says the database',
      'again: tea costs 3, says the cache',
      'after an update: tea costs 4, says the database',
      'again: tea costs 4, says the cache',
      'in a transaction: tea costs 5, says the database',
      'after its commit: tea costs 5, says the database',
    ])
  })
})
