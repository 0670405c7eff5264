import type { RemoteOp, RemoteResult } from '../../core/remote-store.ts'
import type { Connection } from '../connection/client.ts'

/** The most sets of one script: a server does nothing else meanwhile. */
const MOST_SETS = 100
/** So long, in units of text or bytes, may all of their values be together. */
const LONGEST = 64 * 1024
/** What is longer is worth a script of its own: others would wait for it. */
const LONGEST_VALUE = 8 * 1024

type SetOp = Extract<RemoteOp, { readonly kind: 'set' }>
type Results = readonly RemoteResult[]

interface Waiter {
  readonly resolve: (results: Results) => void
  readonly reject: (error: unknown) => void
}

/**
 * Sets of one turn of the event loop, sent as one script: a command costs its client about the same, however many
 * values it has (docs/decisions/0052). Whoever sends anything else calls {@link flush} first, so that everything is
 * done in the order in which it was asked for.
 */
export class GatheredSets {
  readonly #send: (ops: readonly SetOp[]) => Promise<Results>
  #connection: Connection | undefined = undefined
  #ops: SetOp[] = []
  #waiters: Waiter[] = []
  #length = 0

  /** `send`: what several sets come to, each with its own result. */
  constructor(send: (ops: readonly SetOp[]) => Promise<Results>) {
    this.#send = send
  }

  /** What one set over a connection comes to; `length` = that of its value. */
  add(op: SetOp, length: number, connection: Connection): Promise<Results> {
    if (connection !== this.#connection || length > LONGEST_VALUE) this.flush()
    if (length > LONGEST_VALUE) return this.#send([op])
    if (this.#ops.length === 0) process.nextTick(this.flush)
    this.#connection = connection
    this.#length += length
    const result = new Promise<Results>((resolve, reject) => {
      this.#ops.push(op)
      this.#waiters.push({ resolve, reject })
    })
    if (this.#ops.length >= MOST_SETS || this.#length >= LONGEST) this.flush()
    return result
  }

  /** Sends what was gathered. */
  readonly flush = (): void => {
    if (this.#ops.length === 0) return
    const [ops, waiters] = [this.#ops, this.#waiters]
    this.#ops = []
    this.#waiters = []
    this.#length = 0
    this.#send(ops).then(
      (results) => {
        for (const [index, { resolve }] of waiters.entries()) resolve([results[index]!])
      },
      (error: unknown) => {
        for (const { reject } of waiters) reject(error)
      },
    )
  }
}
