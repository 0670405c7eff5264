// One server process of ours: started in a directory of its own, stopped by its pid.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/until.ts'
import { forget, mind, temporaryDirectory } from './reaper.ts'

export class Program {
  readonly directory: string = temporaryDirectory()
  readonly #file: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  /** `args` follow the path of the configuration, which is written once because servers rewrite it themselves. */
  constructor(file: string, configuration: readonly string[], args: readonly string[] = []) {
    this.#file = file
    this.#args = [join(this.directory, 'server.conf'), ...args]
    writeFileSync(join(this.directory, 'server.conf'), `${configuration.join('\n')}\n`)
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('The server does not run.')
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /**
   * Starts the process and polls until `ready` answers true. Returns false if it ended at once, because its port was
   * taken.
   */
  async start(ready: () => Promise<boolean>): Promise<boolean> {
    const log = openSync(join(this.directory, 'log'), 'a')
    const child = spawn(this.#file, this.#args, { cwd: this.directory, stdio: ['ignore', log, log] })
    closeSync(log)
    child.unref()
    if (child.pid === undefined) throw new Error(`Could not start ${this.#file}.`)
    const { pid } = child
    mind(pid)
    this.#child = child
    child.once('exit', () => {
      forget(pid)
      if (this.#child === child) this.#child = undefined
    })
    const outcome = await until(`${this.#file} to be ready`, async () => {
      if (!this.running) return 'ended'
      return (await ready()) && 'ready'
    }).catch((error: unknown) => {
      throw new Error(this.log, { cause: error })
    })
    if (outcome === 'ready') return true
    if (/Address already in use/.test(this.log)) return false
    throw new Error(`${this.#file} ended at once:\n${this.log}`)
  }

  /** The last lines that the server wrote. */
  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8').split('\n').slice(-15).join('\n')
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid, signal)
  }

  /** Kills it by SIGKILL, and waits for its end. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const ended = new Promise((resolve) => {
      child.once('exit', resolve)
    })
    child.ref()
    child.kill('SIGKILL')
    await ended
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
