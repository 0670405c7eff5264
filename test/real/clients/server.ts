import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Returns a free port. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** Waits until a condition holds, looking every few milliseconds. */
export async function until(condition: () => unknown, withinMs = 20_000): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}

/** A redis-server of the test's own, on a port of its own. */
export class Server {
  readonly port: number
  readonly #args: readonly string[]
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'cachette-redis-'))
  #process: ChildProcess | undefined = undefined

  constructor(port: number, args: readonly string[] = []) {
    this.port = port
    this.#args = args
  }

  static async start(...args: string[]): Promise<Server> {
    const server = new Server(await freePort(), args)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get folder(): string {
    return this.#folder
  }

  async start(): Promise<void> {
    const fixed = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#folder]
    const args = ['--port', String(this.port), ...fixed, ...this.#args]
    this.#process = spawn('redis-server', args, { stdio: 'ignore' })
    await until(() => this.answers())
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name)
  }

  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    await new Promise((resolve) => {
      running.once('exit', resolve)
      running.kill('SIGKILL')
    })
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1')
      socket.on('error', () => resolve(false))
      socket.on('data', () => {
        socket.destroy()
        resolve(true)
      })
      socket.write('PING\r\n')
    })
  }
}
