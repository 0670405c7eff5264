import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Database } from '../database/client.ts'
import type { Watched } from '../outage/watch.ts'
import type { CacheFigures } from '../report/results.ts'
import type { FromSecond, ToSecond } from './protocol.ts'

/** A second process that serves the guide, over the same Redis and the same database. */
export class SecondProcess {
  readonly #child: ChildProcess
  readonly #database: Database
  #url = ''

  private constructor(child: ChildProcess, database: Database) {
    this.#child = child
    this.#database = database
    child.on('message', (message: FromSecond) => {
      if (message.kind === 'query') void this.#query(message)
    })
  }

  /** Resolves when it listens. */
  static async start(
    redis: { readonly url: string; readonly prefix: string },
    database: Database,
  ): Promise<SecondProcess> {
    const file = fileURLToPath(new URL('main.ts', import.meta.url))
    const child = fork(file, [redis.url, redis.prefix], { serialization: 'advanced' })
    const second = new SecondProcess(child, database)
    const { url } = await second.#next('listening')
    second.#url = url
    return second
  }

  get url(): string {
    return this.#url
  }

  async figures(): Promise<CacheFigures> {
    this.#send({ kind: 'figures' })
    return (await this.#next('figures')).figures
  }

  /** Begins to note what answers wait for. */
  watch(): void {
    this.#send({ kind: 'watch' })
  }

  async watched(): Promise<Watched> {
    this.#send({ kind: 'watched' })
    return (await this.#next('watched')).watched
  }

  /** Resolves when its cache stores and reads through Redis. */
  async untilNormal(): Promise<void> {
    this.#send({ kind: 'normal' })
    await this.#next('normal')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#send({ kind: 'end' })
    await ended
  }

  async #query({ id, name, args }: FromSecond & { kind: 'query' }): Promise<void> {
    try {
      const query = this.#database.query.bind(this.#database) as (
        ...all: readonly unknown[]
      ) => Promise<unknown>
      this.#send({ kind: 'rows', id, value: await query(name, ...args) })
    } catch (error) {
      this.#send({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) })
    }
  }

  #send(message: ToSecond): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async #next<Kind extends FromSecond['kind']>(kind: Kind): Promise<FromSecond & { kind: Kind }> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromSecond): void => {
        if (message.kind !== kind) return
        this.#child.off('message', onMessage)
        this.#child.off('exit', onExit)
        resolve(message as FromSecond & { kind: Kind })
      }
      const onExit = (): void => reject(new Error('The second process of the guide has ended.'))
      this.#child.on('message', onMessage)
      this.#child.once('exit', onExit)
    })
  }
}
