import type { StoreUnavailableError } from '../../core/errors.ts'
import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import type { GuardedConnection } from './guarded-connection.ts'

/** Where the connection of a slot is looked up. */
export interface Slots {
  /** The connection to the master that the slot has now; `undefined` while it is not known. */
  connectionOf(connection: SlotConnection): GuardedConnection | undefined
  /** Resolves when the first attempt to connect has ended; absent from then on. */
  readonly starting: Promise<void> | undefined
  /** Why it is not known. */
  unknownMaster(slot: number): StoreUnavailableError
}

/** The connection to whichever master has a slot. */
export class SlotConnection implements Connection {
  readonly slot: number
  /** Any key of the slot. */
  readonly key: string
  /** The client of the master that it had last, and the connection to that. */
  master: object | undefined = undefined
  connection: GuardedConnection | undefined = undefined
  /** Where the slot has last been said to have moved to. */
  movedTo = ''
  readonly #slots: Slots

  constructor(slot: number, key: string, slots: Slots) {
    this.slot = slot
    this.key = key
    this.#slots = slots
  }

  run(command: Command, form: ReplyForm): Promise<Reply> {
    const connection = this.#slots.connectionOf(this)
    if (connection !== undefined) return connection.run(command, form)
    return this.#slots.starting?.then(() => this.run(command, form)) ?? this.#unknown()
  }

  runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    const connection = this.#slots.connectionOf(this)
    if (connection !== undefined) return connection.runAll(commands, form)
    return this.#slots.starting?.then(() => this.runAll(commands, form)) ?? this.#unknown()
  }

  #unknown(): Promise<never> {
    return Promise.reject(this.#slots.unknownMaster(this.slot))
  }
}
