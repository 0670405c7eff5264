import type { StoreUnavailableError } from '../../core/errors.ts'
import type { Command, Connection, Reply, ReplyForm } from './client.ts'
import type { GuardedConnection } from './guard/guarded-connection.ts'

/** Where the connection of a slot is looked up. */
export interface Slots {
  /** The connection to the master that the slot has now; `undefined` while it is not known. */
  connectionOf(connection: SlotConnection): GuardedConnection | undefined
  /** Resolves when the attempt under way to find it has ended; `undefined` = it has failed. */
  waiting(): Promise<void> | undefined
  /** What is left of a call's time when a promise is settled. */
  leftAfter(waiting: Promise<void>, withinMs: number | undefined): Promise<number>
  /** Why it is not known. */
  unknownMaster(connection: SlotConnection): StoreUnavailableError
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

  // After a wait it is looked up anew: the master may have another connection, or be another.
  run(command: Command, form: ReplyForm, withinMs?: number): Promise<Reply> {
    const connection = this.#slots.connectionOf(this)
    const waiting = connection === undefined ? this.#slots.waiting() : connection.waiting()
    if (waiting !== undefined) {
      const leftMs = this.#slots.leftAfter(waiting, withinMs)
      return leftMs.then((ms) => this.run(command, form, ms))
    }
    return connection?.run(command, form, withinMs) ?? this.#unknown()
  }

  runAll(commands: readonly Command[], form: ReplyForm, withinMs?: number): Promise<readonly Reply[]> {
    const connection = this.#slots.connectionOf(this)
    const waiting = connection === undefined ? this.#slots.waiting() : connection.waiting()
    if (waiting !== undefined) {
      const leftMs = this.#slots.leftAfter(waiting, withinMs)
      return leftMs.then((ms) => this.runAll(commands, form, ms))
    }
    return connection?.runAll(commands, form, withinMs) ?? this.#unknown()
  }

  #unknown(): Promise<never> {
    return Promise.reject(this.#slots.unknownMaster(this))
  }
}
