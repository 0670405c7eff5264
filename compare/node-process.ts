import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EntryOptions, Library, Loader, Settings } from './candidate.ts'
import { gate } from './gate.ts'
import type { Call, FromNode, Outcome, ToNode } from './protocol.ts'

/** The end of a wait that took too long. */
export const TOO_LATE = Symbol('too late')

/** Returns the answer, or {@link TOO_LATE}. */
export async function within<T>(ms: number, answer: Promise<T>): Promise<T | typeof TOO_LATE> {
  const timeout = new AbortController()
  try {
    return await Promise.race([
      answer,
      sleep(ms, TOO_LATE, { signal: timeout.signal }).catch((): typeof TOO_LATE => TOO_LATE),
    ])
  } finally {
    timeout.abort()
  }
}

function valueOf(outcome: Outcome | undefined): unknown {
  if (outcome === undefined || 'error' in outcome) throw new Error(outcome?.error ?? 'no outcome')
  return outcome.value
}

/** A process with one library, and its calls. */
export class NodeProcess {
  readonly #child: ChildProcess
  readonly #ready: Promise<void>
  readonly #begun: Promise<void>
  readonly #calls = new Map<number, (outcomes: readonly Outcome[]) => void>()
  readonly #loaders = new Map<number, Loader>()
  #last = 0

  constructor(library: Library, { port, isTuned, hasTags }: Settings) {
    const program = new URL('node.ts', import.meta.url)
    this.#child = fork(
      program,
      [library.name, String(port), ...(isTuned ? ['tuned'] : []), ...(hasTags ? ['tags'] : [])],
      {
        execArgv: ['--import', 'tsx'],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', process.env['CACHETTE_COMPARE_ERRORS'] ? 'inherit' : 'ignore', 'ipc'],
      },
    )
    const [begun, ready] = [gate(), gate()]
    this.#begun = begun.opened
    this.#ready = ready.opened
    this.#child.on('message', (message: FromNode) => {
      if (!('ready' in message)) void this.#heard(message)
      else if (message.ready) ready.open()
      else begun.open()
    })
    this.#child.on('exit', () => {
      begun.open()
      ready.open()
      for (const [, answer] of this.#calls) answer([])
      this.#calls.clear()
    })
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Waits until the program runs and opens the library. */
  async begun(): Promise<this> {
    await this.#begun
    return this
  }

  /** Waits until it takes calls. */
  async ready(): Promise<this> {
    await this.#ready
    return this
  }

  /** Makes calls in one turn, without waiting between them. */
  async all(calls: readonly Call[]): Promise<readonly Outcome[]> {
    await this.#ready
    if (!this.isAlive) return calls.map(() => ({ error: 'The process has ended.' }))
    this.#last += 1
    const id = this.#last
    const outcomes = await new Promise<readonly Outcome[]>((resolve) => {
      this.#calls.set(id, resolve)
      this.#send({ id, calls })
    })
    return outcomes.length === 0 ? calls.map(() => ({ error: 'The process has ended.' })) : outcomes
  }

  async call(...call: Call): Promise<unknown> {
    const [outcome] = await this.all([call])
    return valueOf(outcome)
  }

  /** Returns a call that loads, for {@link all}. */
  loading(key: string, loader: Loader, options: EntryOptions = {}): Call {
    this.#last += 1
    this.#loaders.set(this.#last, loader)
    return ['load', key, { loader: this.#last }, options]
  }

  async load(key: string, loader: Loader, options: EntryOptions = {}): Promise<unknown> {
    return this.call(...this.loading(key, loader, options))
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async close(): Promise<void> {
    if (!this.isAlive) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }

  async #heard(message: Exclude<FromNode, { ready: boolean }>): Promise<void> {
    if ('outcomes' in message) {
      this.#calls.get(message.id)?.(message.outcomes)
      this.#calls.delete(message.id)
      return
    }
    const { run, loader } = message
    try {
      this.#send({ run, outcome: { value: await this.#loaders.get(loader)!() } })
    } catch (error) {
      this.#send({ run, outcome: { error: String(error) } })
    }
  }

  #send(message: ToNode): void {
    if (this.isAlive && this.#child.connected) this.#child.send(message, () => undefined)
  }
}
