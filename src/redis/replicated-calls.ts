import type { Clock } from '../core/clock.ts'
import type { Command, Connection, Reply, ReplyForm } from './client.ts'
import { withSource } from './script.ts'

/** What a row of commands answered, and whether as many replicas have it as were asked for. */
export interface Replicated {
  readonly replies: readonly Reply[]
  readonly replicated: boolean
}

interface Row {
  readonly commands: readonly Command[]
  readonly form: ReplyForm
  readonly replicas: number
  readonly sinceMs: number
  resolve(answer: Replicated): void
  reject(error: unknown): void
}

/**
 * Commands that wait for replicas, over connections that nothing else uses: a `WAIT` holds up what comes behind it. One
 * is under way on each connection at a time, and what comes meanwhile goes out together behind it, so that nobody waits
 * for much longer than the bound, however many wait.
 */
export class ReplicatedCalls {
  readonly #clock: Clock
  readonly #boundMs: number
  // What waits behind the row that is under way.
  readonly #waiting = new Map<Connection, Row[]>()

  /** `boundMs`: how long a call may take that the server answers, whatever its replicas do. */
  constructor(clock: Clock, boundMs: number) {
    this.#clock = clock
    this.#boundMs = boundMs
  }

  /** Runs commands in order. @throws when the server does not answer. */
  run(
    connection: Connection,
    commands: readonly Command[],
    form: ReplyForm,
    replicas: number,
  ): Promise<Replicated> {
    return new Promise((resolve, reject) => {
      const row = { commands, form, replicas, sinceMs: this.#clock.now(), resolve, reject }
      const waiting = this.#waiting.get(connection)
      if (waiting === undefined) void this.#runAll(connection, [row])
      else waiting.push(row)
    })
  }

  async #runAll(connection: Connection, first: readonly Row[]): Promise<void> {
    const waiting: Row[] = []
    this.#waiting.set(connection, waiting)
    for (let rows = first; rows.length > 0; rows = takeAlike(waiting)) {
      try {
        await this.#runRows(connection, rows)
      } catch (error) {
        // Those behind have waited for an answer, too: there is none.
        for (const { reject } of [...rows, ...waiting.splice(0)]) reject(error)
      }
    }
    this.#waiting.delete(connection)
  }

  async #runRows(connection: Connection, rows: readonly Row[]): Promise<void> {
    // A script that the server does not know would run after the WAIT that is to wait for it.
    const commands = rows.flatMap((row) => row.commands.map((command) => withSource(command)))
    const most = Math.max(...rows.map(({ replicas }) => replicas))
    // Without any time it would wait for ever.
    const leftMs = Math.max(1, Math.floor(rows[0]!.sinceMs + this.#boundMs - this.#clock.now()))
    const wait: Command = { args: ['WAIT', String(most), String(leftMs)] }
    const replies = await connection.runAll([...commands, wait], rows[0]!.form)
    const acknowledged = Number(replies.at(-1))
    let from = 0
    for (const { commands: own, replicas, resolve } of rows) {
      resolve({
        replies: replies.slice(from, (from += own.length)),
        replicated: acknowledged >= replicas,
      })
    }
  }
}

/** Takes off what is to be answered in one form. */
function takeAlike(waiting: Row[]): readonly Row[] {
  const other = waiting.findIndex(({ form }) => form !== waiting[0]!.form)
  return waiting.splice(0, other === -1 ? waiting.length : other)
}
