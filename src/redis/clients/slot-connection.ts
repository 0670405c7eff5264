import type { StoreUnavailableError } from '../../core/errors.ts'
import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import type { GuardedConnection } from './guarded-connection.ts'

/** Where the connection of a slot is looked up. */
export interface Slots {
  /** The connection to the master that the slot has now; `undefined` while it is not known. */
  connectionOf(connection: SlotConnection): GuardedConnection | undefined
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

  // Without a master, the slot stands for it.
  get server(): object {
    return this.#slots.connectionOf(this)?.server ?? this
  }

  run(command: Command, form: ReplyForm): Promise<Reply> {
    return this.#slots.connectionOf(this)?.run(command, form) ?? this.#unknown()
  }

  runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    return this.#slots.connectionOf(this)?.runAll(commands, form) ?? this.#unknown()
  }

  #unknown(): Promise<never> {
    return Promise.reject(this.#slots.unknownMaster(this.slot))
  }
}
