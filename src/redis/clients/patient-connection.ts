import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import { Timed, type Deadlines } from './deadlines.ts'
import type { GuardedNode } from './guarded-node.ts'

/** The connection of a node that may just have been opened: its calls wait for it, no longer than for an answer. */
export class PatientConnection implements Connection {
  readonly #node: GuardedNode
  readonly #deadlines: Deadlines

  constructor(node: GuardedNode, deadlines: Deadlines) {
    this.#node = node
    this.#deadlines = deadlines
  }

  async run(command: Command, form: ReplyForm): Promise<Reply> {
    await this.#ready()
    return this.#node.connection.run(command, form)
  }

  async runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    await this.#ready()
    return this.#node.connection.runAll(commands, form)
  }

  // Late or not, the connection itself says what is the matter with it.
  #ready(): Promise<void> {
    return untilDue(this.#deadlines, this.#node.whenUp())
  }
}

/** Resolves when the promise is settled, or when the hard deadline has passed. */
async function untilDue(deadlines: Deadlines, promise: Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    const patience = new Patience(resolve)
    deadlines.add(patience)
    const end = (): void => {
      deadlines.remove(patience)
      resolve()
    }
    void promise.then(end, end)
  })
}

class Patience extends Timed {
  readonly #resolve: () => void

  constructor(resolve: () => void) {
    super()
    this.#resolve = resolve
  }

  expire(): void {
    this.#resolve()
  }
}
