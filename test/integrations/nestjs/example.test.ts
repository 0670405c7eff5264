// The example as users start it: the packed package, compiled by TypeScript with metadata of decorators, as ES modules
// and as CommonJS.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { pack, type Packed } from '../../../tools/pack.ts'
import { plainServer } from '../../real/servers/index.ts'

const root = join(import.meta.dirname, '../../..')
const example = join(root, 'examples/nest')
const LINKED = ['@nestjs', 'reflect-metadata', 'rxjs', 'express']

describe('the example', () => {
  let packed: Packed
  beforeAll(() => {
    packed = pack()
  })
  afterAll(() => packed[Symbol.dispose]())

  /** Installs the example with these modules of JavaScript, and compiles it. */
  const install = (type: 'module' | 'commonjs'): string => {
    const folder = mkdtempSync(join(tmpdir(), 'cachette-nest-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    for (const name of ['src', 'tsconfig.json', 'package.json'])
      cpSync(join(example, name), join(folder, name), { recursive: true })
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, type }))
    if (type === 'commonjs') {
      const main = join(folder, 'src/main.ts')
      const [head, body] = readFileSync(main, 'utf8').split('\n\n') as [string, string]
      writeFileSync(main, `${head}\n\nasync function start() {\n${body}}\nvoid start()\n`)
    }
    const modules = join(folder, 'node_modules')
    mkdirSync(join(modules, 'cachette'), { recursive: true })
    run('tar', ['xzf', packed.tarball, '-C', join(modules, 'cachette'), '--strip-components=1'], folder)
    for (const name of LINKED)
      symlinkSync(join(root, 'test/integrations/node_modules', name), join(modules, name))
    for (const name of ['@types', 'redis', '@redis', 'typescript'])
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
    run(process.execPath, [join(modules, 'typescript/bin/tsc')], folder)
    return folder
  }

  it.each(['module', 'commonjs'] as const)('starts, answers and ends as %s', async (type) => {
    const server = await plainServer()
    onTestFinished(async () => server.close())
    const folder = install(type)
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: folder,
      env: { ...process.env, PORT: '0', REDIS_URL: server.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let errors = ''
    child.stderr.on('data', (chunk) => (errors += String(chunk)))
    let url: string | undefined
    for await (const line of createInterface(child.stdout)) {
      url = /^listening on (.*)$/.exec(line)?.[1]
      if (url !== undefined) break
    }
    expect(url, errors).toBeDefined()
    const ask = async (path: string, method = 'GET', body?: object) => {
      const response = await fetch(url!.replace('[::1]', 'localhost') + path, {
        method,
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      return `${response.status} ${await response.text()} ${response.headers.get('x-cache') ?? ''}`.trim()
    }
    const queries = async () => /"queries":(\d+)/.exec(await ask('/status'))?.[1]

    await expect.poll(async () => ask('/status')).toContain('"engine":"tiered","status":"ok"')
    await ask('/articles/1/price/3', 'PUT')
    const before = Number(await queries())
    expect(await ask('/articles/1')).toBe('200 {"id":1,"name":"tea","price":3}')
    expect(await ask('/articles/1')).toBe('200 {"id":1,"name":"tea","price":3}')
    expect(Number(await queries())).toBe(before + 1)
    await ask('/articles/1/price/4', 'PUT')
    expect(await ask('/articles/1')).toContain('"price":4')
    expect(await ask('/articles/99')).toMatch(/^404/)
    expect(await ask('/front')).toMatch(/"articles":2.* MISS$/)
    expect(await ask('/front')).toMatch(/"articles":2.* HIT$/)
    expect(await ask('/articles', 'POST', { name: 'pot', price: 20 })).toMatch(/^201 .*"id":3/)
    expect(await ask('/articles/3')).toContain('pot')
    const codes: string[] = []
    for (let times = 0; times < 3; times++)
      codes.push((await ask('/articles', 'POST', { name: 'cup', price: 1 })).slice(0, 3))
    expect(codes).toEqual(['201', '201', '429'])

    child.kill('SIGTERM')
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect([code, signal]).toEqual([null, 'SIGTERM'])
    expect(errors).toBe('')
  })
})

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${stdout}${stderr}`)
}
