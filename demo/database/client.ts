import type { Worker } from 'node:worker_threads'
import { startThread } from '../thread.ts'
import type { FromWorker, Queries, QueryCounts, QueryName, ToWorker } from './protocol.ts'

const connections = 4

/** The database went away, or the query was dropped before it ran. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError'
}

interface Waiting {
  readonly message: ToWorker
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The database, or the way to it: it answers queries. */
export interface Queryable {
  query<Name extends QueryName>(
    name: Name,
    ...args: Parameters<Queries[Name]>
  ): Promise<ReturnType<Queries[Name]>>
}

/** The service's side of the database: sends at most four queries at a time, the others queue here. */
export class Database implements Queryable {
  readonly #worker: Worker
  readonly #inFlight = new Map<number, Waiting>()
  #queue: Waiting[] = []
  #lastId = 0
  #closed = false
  /** Cities in the database. */
  readonly records: number

  private constructor(worker: Worker, records: number) {
    this.#worker = worker
    this.records = records
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('error', (error) => this.#fail(error.message))
    worker.on('exit', () => this.#fail('the database has stopped'))
  }

  /** Resolves when the records are loaded; aborting stops the thread. */
  static async start(signal?: AbortSignal): Promise<Database> {
    signal?.throwIfAborted()
    const worker = startThread(new URL('./worker.ts', import.meta.url))
    const stop = (): void => void worker.terminate()
    signal?.addEventListener('abort', stop, { once: true })
    const ready = await new Promise<FromWorker>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new DatabaseUnavailableError('the database stopped while it loaded')))
    })
    signal?.removeEventListener('abort', stop)
    return new Database(worker, ready.kind === 'ready' ? ready.cities : 0)
  }

  query<Name extends QueryName>(
    name: Name,
    ...args: Parameters<Queries[Name]>
  ): Promise<ReturnType<Queries[Name]>> {
    // The worker answers a query of this name with what its type says.
    return this.#send((id) => ({ kind: 'query', id, name, args })) as Promise<ReturnType<Queries[Name]>>
  }

  /** The queries that ran since the last call of this method, as the worker counted them. */
  takeCounts(): Promise<QueryCounts> {
    return this.#send((id) => ({ kind: 'counts', id })) as Promise<QueryCounts>
  }

  /** Rejects the queries that have not begun, as when the connections of a service are cut. */
  dropQueue(): void {
    const dropped = this.#queue
    this.#queue = []
    for (const { reject } of dropped) reject(new DatabaseUnavailableError('the query was dropped'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#worker.terminate()
  }

  #send(build: (id: number) => ToWorker): Promise<unknown> {
    if (this.#closed) return Promise.reject(new DatabaseUnavailableError('the database is closed'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ message: build(++this.#lastId), resolve, reject })
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#inFlight.size < connections) {
      const next = this.#queue.shift()
      if (!next) return
      this.#inFlight.set(next.message.id, next)
      this.#worker.postMessage(next.message)
    }
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') return
    const waiting = this.#inFlight.get(message.id)
    this.#inFlight.delete(message.id)
    if (message.kind === 'answer') waiting?.resolve(message.value)
    else waiting?.reject(new Error(`The database refused a query: ${message.message}`))
    this.#pump()
  }

  #fail(reason: string): void {
    this.#closed = true
    this.dropQueue()
    for (const { reject } of this.#inFlight.values()) reject(new DatabaseUnavailableError(reason))
    this.#inFlight.clear()
  }
}
