import type { RemoteOp, RemoteResult } from '../../core/remote/operations.ts'
import { soon } from '../../core/time/system.ts'
import type { Connection } from '../connection/client.ts'

/** The maximum number of sets in one script, because a server does nothing else meanwhile. */
const MOST_SETS = 100
/** The maximum length of all their values together, in units of text or bytes. */
const LONGEST = 64 * 1024
/** The maximum length of a gathered value. A longer one gets a script of its own, because others would wait for it. */
const LONGEST_VALUE = 8 * 1024

type SetOp = Extract<RemoteOp, { readonly kind: 'set' }>
type Results = readonly RemoteResult[]

interface Waiter {
  readonly resolve: (results: Results) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers the sets of one turn of the event loop into one script, because a command costs its client about the same for
 * any number of values (docs/decisions/0052). Callers of other operations call {@link flush} first, so that operations
 * run in the order in which they were called.
 */
export class GatheredSets {
  readonly #send: (ops: readonly SetOp[]) => Promise<Results>
  #connection: Connection | undefined = undefined
  #ops: SetOp[] = []
  #waiters: Waiter[] = []
  #length = 0

  /** `send` sends several sets and returns a result for each. */
  constructor(send: (ops: readonly SetOp[]) => Promise<Results>) {
    this.#send = send
  }

  /** Adds a set over a connection, and returns its result. `length` is the length of its value. */
  add(op: SetOp, length: number, connection: Connection): Promise<Results> {
    if (connection !== this.#connection || length > LONGEST_VALUE) this.flush()
    if (length > LONGEST_VALUE) return this.#send([op])
    if (this.#ops.length === 0) soon(this.flush)
    this.#connection = connection
    this.#length += length
    const result = new Promise<Results>((resolve, reject) => {
      this.#ops.push(op)
      this.#waiters.push({ resolve, reject })
    })
    if (this.#ops.length >= MOST_SETS || this.#length >= LONGEST) this.flush()
    return result
  }

  /** Sends the gathered sets. */
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
