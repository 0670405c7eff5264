import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import type { GuardedConnection } from '../guard/guarded-connection.ts'

/** The lookup of a slot's connection. */
export interface Slots {
  /** Returns the connection to the present master of the slot; `undefined` while the master is not known. */
  connectionOf(connection: SlotConnection): GuardedConnection | undefined
  /** Resolves when the attempt under way to find the master has ended; `undefined` = it has failed. */
  waiting(): Promise<void> | undefined
  /** Returns the rest of a call's time when a promise is settled. */
  leftAfter(waiting: Promise<void>, withinMs: number | undefined): Promise<number>
  /** Rejects with the reason why the master is not known. */
  refuse(connection: SlotConnection): Promise<never>
}

/** The connection to the present master of a slot. */
export class SlotConnection implements Connection {
  readonly slot: number
  /** Any key of the slot. */
  readonly key: string
  /** The client of the last known master, and the connection to it. */
  master: object | undefined = undefined
  connection: GuardedConnection | undefined = undefined
  /** The last redirection that a server answered for the slot. */
  movedTo = ''
  readonly #slots: Slots

  constructor(slot: number, key: string, slots: Slots) {
    this.slot = slot
    this.key = key
    this.#slots = slots
  }

  // Without a master, the slot itself identifies its server.
  get server(): object {
    return this.#slots.connectionOf(this)?.server ?? this
  }

  get node(): string {
    return this.#slots.connectionOf(this)?.node ?? 'the cluster'
  }

  // Looks up the connection again after a wait, because the master or its connection may have changed.
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
    return this.#slots.refuse(this)
  }
}
