import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import type { Deadlines } from './deadlines.ts'
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
    return this.#deadlines.within(this.#node.whenUp())
  }
}
