import type { TimerHandle } from '../../core/time/clock.ts'
import type { OnLost } from './client.ts'
import type { BusLog } from './guard/bus-log.ts'
import { GuardedNode } from './guard/guarded-node.ts'
import type { SubscriberLine } from '../libraries/line.ts'
import type { Surroundings } from '../libraries/surroundings.ts'

/** The interval of checking that a connection that only receives still works. */
const CHECK_MS = 10_000

/**
 * A channel over a connection of its own, subscribed again over each new one. It is asked for a sign of life regularly,
 * because a connection that was cut silently looks like one without messages.
 */
export class Subscription {
  readonly #line: SubscriberLine
  readonly #node: GuardedNode
  readonly #log: BusLog
  readonly #surroundings: Surroundings
  readonly #channel: string
  readonly #onMessage: (text: string) => void
  readonly #onReady: () => void
  readonly #onLost: OnLost
  #check: TimerHandle = undefined
  #isClosed = false
  #isRefused = false

  constructor(
    line: SubscriberLine,
    busLog: BusLog,
    surroundings: Surroundings,
    channel: string,
    onMessage: (text: string) => void,
    onReady: () => void,
    onLost: OnLost = () => {},
  ) {
    this.#line = line
    this.#log = busLog
    this.#surroundings = surroundings
    this.#channel = channel
    this.#onMessage = onMessage
    this.#onReady = onReady
    this.#onLost = onLost
    this.#node = new GuardedNode(line, busLog, surroundings, {
      onUp: () => void this.#subscribe(),
      onTrouble: () => this.#onLost(),
    })
    if (line.isUp) void this.#subscribe()
    this.#schedule()
  }

  /** Connects again, because the address may lead to another server by now. */
  reconnect(): void {
    this.#node.reconnect()
  }

  close(): void {
    this.#isClosed = true
    if (this.#check !== undefined) this.#surroundings.timers.clear(this.#check)
    this.#node.close()
  }

  readonly #receive = (text: string): void => {
    if (!this.#isClosed) this.#onMessage(text)
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#line.subscribe(this.#channel, this.#receive)
      if (this.#isClosed) return
      this.#isRefused = false
      this.#log.accepted()
      this.#onReady()
    } catch (error) {
      if (!this.#line.isUp) return
      this.#isRefused = true
      this.#log.refused(error)
      this.#onLost(error)
    }
  }

  #schedule(): void {
    const { timers, random } = this.#surroundings
    this.#check = timers.set(() => void this.#look(), CHECK_MS * (0.75 + random() / 2))
  }

  // If a question is not answered, the node connects again. A server that has refused may let it subscribe by now.
  async #look(): Promise<void> {
    try {
      if (this.#line.isUp && this.#isRefused) await this.#subscribe()
      else if (this.#line.isUp) await this.#node.connection.probe()
    } catch {
      // The node reports this to the log.
    }
    if (!this.#isClosed) this.#schedule()
  }
}
