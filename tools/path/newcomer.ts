import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startRedis, type RedisServer } from '../../test/real/servers/index.ts'
import { until } from '../../test/support/until.ts'
import { pack, type Packed } from '../pack.ts'

const project = join(import.meta.dirname, '../..')

interface Running {
  /** Is called as soon as the program has written a line. */
  readonly whileRunning?: () => Promise<void>
}

/** A new user with an empty folder, an empty cache of npm, and a server that was not started yet. */
export class Newcomer implements AsyncDisposable {
  readonly #packed: Packed = pack()
  readonly #folder = mkdtempSync(join(tmpdir(), 'newcomer-'))
  #redis: RedisServer | undefined
  #programs = 0

  constructor() {
    mkdirSync(join(this.#folder, 'service'))
  }

  /** Installs packages by name. `cachette` is the tarball, since this release is not on npm yet. */
  async install(...names: readonly string[]): Promise<void> {
    const packages = names.map((name) => (name === 'cachette' ? this.#packed.tarball : name))
    await this.#spawn('npm', ['install', '--no-audit', '--no-fund', '--loglevel', 'error', ...packages], {})
  }

  /** Runs a command of npm that a page tells. */
  async npm(...args: readonly string[]): Promise<void> {
    await this.#spawn('npm', args, {})
  }

  /** Runs a program with tsx, a text or a file of the folder, and returns everything that it prints. */
  async run(program: string, running: Running = {}): Promise<string> {
    const isFile = program.endsWith('.ts')
    const path = isFile ? program : `program-${++this.#programs}.ts`
    if (!isFile) this.#write(path, program)
    return this.#spawn('npx', ['tsx', path], running)
  }

  copy(from: string, to: string): void {
    mkdirSync(dirname(join(this.#folder, 'service', to)), { recursive: true })
    cpSync(join(project, from), join(this.#folder, 'service', to))
  }

  async startRedis(): Promise<void> {
    this.#redis = await startRedis()
  }

  /** Kills the server once a program has stored something, and starts it anew two seconds later. */
  async loseRedis(): Promise<void> {
    const redis = this.#redis!
    const stored = await redis.command('DBSIZE')
    await until('the program to store an entry', async () => (await redis.command('DBSIZE')) !== stored)
    await redis.kill()
    await new Promise((resolve) => {
      setTimeout(resolve, 2000)
    })
    await redis.restart()
  }

  expect(output: string, sign: RegExp): void {
    if (!sign.test(output)) throw new Error(`the program does not show ${sign}:\n${output}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis?.close()
    this.#packed[Symbol.dispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#folder, 'service', name), text)
  }

  async #spawn(command: string, args: readonly string[], { whileRunning }: Running): Promise<string> {
    const { CACHE_URL: _, REDIS_URL: __, VALKEY_URL: ___, ...env } = process.env
    const child = spawn(command, args, {
      cwd: join(this.#folder, 'service'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...env,
        npm_config_cache: join(this.#folder, 'npm'),
        ...(this.#redis !== undefined && { REDIS_URL: this.#redis.url }),
      },
    })
    let output = ''
    let meanwhile: Promise<void> | undefined
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        meanwhile ??= whileRunning?.()
      })
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve)
    })
    await meanwhile
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended in ${status}:\n${output}`)
    return output
  }
}
