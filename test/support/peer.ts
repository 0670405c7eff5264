// Another process that runs functions of one of our modules, so that tests can have several nodes and lose them.
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundlePrograms } from './bundle.ts'

/** The form of a module whose functions can be called from outside. */
type Callable<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

interface FromPeer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
  /** An event that the peer sends without being asked. */
  readonly event?: unknown
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

const entry = fileURLToPath(new URL('peer-entry.ts', import.meta.url))

export class Peer<T> {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<number | null>
  #lastId = 0
  /** The functions that the module exports, run in the other process. */
  readonly call: Callable<T>
  /** The events that the module sent by `tell`. */
  readonly events: unknown[] = []
  /** The listener to events that the module sends by `tell`. */
  onEvent: (event: unknown) => void = () => undefined

  constructor(module: URL, ...args: readonly string[]) {
    const [program, functions] = bundlePrograms(entry, fileURLToPath(module))
    // Nothing of this process's own start, such as a loader of TypeScript.
    const options: ForkOptions = { execArgv: [], serialization: 'advanced' }
    this.#child = fork(program!, [functions!, ...args], options)
    this.#child.on('message', (message: FromPeer) => this.#receive(message))
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code) => {
        for (const { reject } of this.#waiting.values())
          reject(new Error(`The process ended (exit ${code}).`))
        this.#waiting.clear()
        resolve(code)
      })
    })
    this.call = new Proxy({} as Callable<T>, {
      get:
        (_, name) =>
        async (...values: readonly unknown[]) =>
          this.#send(String(name), values),
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  async #send(name: string, args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, name, args }, (error) => {
        if (error) reject(error)
      })
    })
  }

  #receive({ id, value, error, event }: FromPeer): void {
    if (id === 0) {
      this.events.push(event)
      this.onEvent(event)
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(error))
  }

  /** Sends a message that `onTold` receives to the module's process. */
  tell(message: unknown): void {
    if (this.#child.connected) this.#child.send({ id: 0, event: message })
  }

  /** Kills it by SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Lets it end by itself and returns its exit code. Any code but 0 shows an unhandled error. */
  async end(): Promise<number | null> {
    if (this.#child.connected) this.#child.disconnect()
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
