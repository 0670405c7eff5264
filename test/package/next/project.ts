import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { pack } from '../../../tools/pack.ts'
import { CLIENTS, FILES, type Client } from './app.ts'

/** The bundlers of Next.js, with the options of `next build`. */
export const BUNDLERS = { Turbopack: ['--turbopack'], webpack: ['--webpack'] } as const
export type Bundler = keyof typeof BUNDLERS

/** The packages of a client, which an application without it lacks. */
const PACKAGES: Readonly<Record<Client, readonly string[]>> = {
  redis: ['redis', '@redis'],
  ioredis: ['ioredis'],
}
const PATIENCE_MS = 60_000
const NEXT = 'node_modules/next/dist/bin/next'
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  target: 'es2022',
  module: 'esnext',
  moduleResolution: 'bundler',
  lib: ['es2022', 'dom'],
  types: ['node'],
  skipLibCheck: true,
  noEmit: true,
}

/** A server of the application, which was started. */
export interface Started {
  /** Asks for a page, and returns its text. */
  ask(path: string): Promise<string>
  /** Posts nothing to a path, and returns the status. */
  post(path: string): Promise<number>
  /** Ends it, and returns what it printed. */
  end(): Promise<string>
}

/** An application of Next.js in a folder of its own, with the packed package. */
export class NextProject implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'cachette-next-'))
  readonly #root = join(this.#home, 'project')

  /** `example` is a folder with an application, in place of the one of app.ts. */
  constructor(example?: string) {
    cpSync(join(import.meta.dirname, 'manifest'), this.#root, { recursive: true })
    cpSync(join(import.meta.dirname, '../trial.cjs'), join(this.#root, 'trial.cjs'))
    this.#run('npm', ['ci', '--no-fund', '--no-audit'])
    const installed = join(this.#root, 'node_modules/cachette')
    mkdirSync(installed)
    using packed = pack()
    this.#run('tar', ['-xzf', packed.tarball, '-C', installed, '--strip-components=1'])
    if (example === undefined) for (const [name, content] of Object.entries(FILES)) this.#write(name, content)
    else {
      const isOwn = (path: string): boolean => !/package(-lock)?\.json$|node_modules|\.next/.test(path)
      cpSync(example, this.#root, { recursive: true, filter: (path) => isOwn(path.slice(example.length)) })
    }
  }

  /** Leaves one client installed. */
  use(client: Client): void {
    for (const [name, packages] of Object.entries(PACKAGES))
      for (const one of packages) {
        const [here, away] = [join(this.#root, 'node_modules', one), join(this.#home, 'away', one)]
        mkdirSync(dirname(away), { recursive: true })
        if (name === client && existsSync(away)) renameSync(away, here)
        if (name !== client && existsSync(here)) renameSync(here, away)
      }
    this.#write('client.js', CLIENTS[client])
  }

  /** Builds a server that stands alone, and returns what the build printed. */
  build(bundler: Bundler, isExternal: boolean): string {
    rmSync(join(this.#root, '.next'), { recursive: true, force: true })
    const env = { ...ENV, TRIAL_EXTERNAL: isExternal ? 'yes' : 'no' }
    const printed = this.#run(
      process.execPath,
      ['node_modules/next/dist/bin/next', 'build', ...BUNDLERS[bundler]],
      env,
    )
    // What the build has not traced must not be found in a folder above.
    rmSync(this.#standalone, { recursive: true, force: true })
    renameSync(join(this.#root, '.next/standalone'), this.#standalone)
    return printed
  }

  /** Builds the example with `next build`, and returns what the build printed. */
  buildExample(bundler: Bundler, url: string): string {
    rmSync(join(this.#root, '.next'), { recursive: true, force: true })
    return this.#run(process.execPath, [NEXT, 'build', ...BUNDLERS[bundler]], { ...ENV, REDIS_URL: url })
  }

  /** Starts the example with `next start`. */
  async startExample(port: number, url: string): Promise<Started> {
    return this.#start(port, this.#root, [NEXT, 'start'], { REDIS_URL: url })
  }

  /** Checks the types of a file of the application with the compiler at this path. */
  check(compiler: string, name: string, content: string): void {
    this.#write(name, content)
    const compilerOptions = { ...STRICT, typeRoots: [join(dirname(compiler), '../../@types')] }
    this.#write('tsconfig.check.json', JSON.stringify({ compilerOptions, files: [name] }))
    this.#run(process.execPath, [compiler, '-p', 'tsconfig.check.json'])
  }

  /** Starts the server that was built. */
  async start(port: number, url: string): Promise<Started> {
    return this.#start(port, this.#standalone, ['server.js'], { TRIAL_URL: url })
  }

  async #start(port: number, cwd: string, args: readonly string[], more: object): Promise<Started> {
    const env = { ...ENV, PORT: String(port), HOSTNAME: '127.0.0.1', ...more }
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = Promise.all([text(child.stdout), text(child.stderr)])
    await answers(child, port)
    return {
      ask: async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).text(),
      post: async (path) => {
        const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
          method: 'POST',
          redirect: 'manual',
        })
        return status
      },
      async end() {
        const ended = child.exitCode === null ? once(child, 'close') : undefined
        child.kill('SIGTERM')
        await ended
        return (await output).join('')
      },
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true })
  }

  get #standalone(): string {
    return join(this.#home, 'standalone')
  }

  #write(name: string, content: string): void {
    const path = join(this.#root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }

  #run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: this.#root, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`)
    return stdout + stderr
  }
}

const { NODE_OPTIONS: _, NODE_ENV: __, REDIS_URL: ___, CACHE_URL: ____, ...rest } = process.env
const ENV = { ...rest, NEXT_TELEMETRY_DISABLED: '1' } as unknown as NodeJS.ProcessEnv

async function answers(child: ChildProcess, port: number): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS
  while (child.exitCode === null && performance.now() < untilMs) {
    const answered = await fetch(`http://127.0.0.1:${port}/none`).then(
      () => true,
      () => false,
    )
    if (answered) return
    await delay(50)
  }
  throw new Error('the server of Next.js does not answer')
}
