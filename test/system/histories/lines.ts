import { StoreUnavailableError } from '../../../src/core/errors.ts'
import type { Bus, Message } from '../../../src/core/remote/log.ts'
import type { EventLoop } from '../../../simulator/machine/event-loop.ts'
import type { CallOptions, Line } from '../../../simulator/machine/network.ts'
import type { Process } from '../../../simulator/world/process.ts'

/** The kinds of parcels that travel between a node and the server. */
export type Parcel = 'request' | 'reply' | 'message'

/** Parcels that are held back on their way. */
export interface Held {
  /** Number of these parcels. */
  readonly count: number
  /** Lets the parcels arrive now, in their order, and holds no more. */
  letGo(): void
  /** Lets the parcels arrive now, the last of them first, and holds no more. */
  letGoReversed(): void
  /** Drops the parcels, and holds no more. */
  lose(): void
}

interface Hold extends Held {
  catches(parcel: Parcel, what: string): boolean
  keep(arrive: () => void): void
}

/**
 * The lines of one node on a stage. Every way takes the same time, and only the faults of the history happen. Requests
 * and replies are named by their content, such as `read a`, `fill a`, `heads`, `sync 0`, `scan values p*`. Messages are
 * named such as `key a`, `tag t`, `prefix p`. A text stands for all that contain it.
 */
export class Lines implements Line, Bus {
  readonly #loop: EventLoop
  readonly #process: Process
  readonly #delayMs: number
  readonly #deadlineMs: number
  readonly #receivers = new Set<(message: Message) => void>()
  readonly #ready = new Set<() => void>()
  readonly #holds = new Set<Hold>()
  readonly #refused = new Set<string>()
  #cutUntilMs = -1
  #connection = 0
  #dead = false
  /** Names of the requests that were sent. */
  readonly sent: string[] = []

  constructor(loop: EventLoop, process: Process, delayMs: number, deadlineMs: number) {
    this.#loop = loop
    this.#process = process
    this.#delayMs = delayMs
    this.#deadlineMs = deadlineMs
  }

  async call<T>(what: string, execute: () => T, { isUp }: CallOptions = {}): Promise<T> {
    this.sent.push(what)
    const connection = this.#connection
    if ([...this.#refused].some((refused) => what.includes(refused)))
      throw new StoreUnavailableError(`nobody is asked to ${what}`)
    return new Promise((resolve, reject) => {
      const late = this.#process.set(
        () => reject(new StoreUnavailableError(`no answer in time to ${what}`)),
        this.#deadlineMs,
      )
      if (this.#dead) return
      const reply = (answer: T): void =>
        this.#carry('reply', what, () => {
          if (connection !== this.#connection || this.#dead) return
          this.#process.receive(() => {
            this.#process.clear(late)
            resolve(answer)
          })
        })
      this.#carry('request', what, () => {
        if (isUp?.() === false) return
        reply(execute())
      })
    })
  }

  /** Holds back parcels whose name contains the text from now on. */
  hold(parcel: Parcel, text = ''): Held {
    const kept: (() => void)[] = []
    const end = (): (() => void)[] => {
      this.#holds.delete(hold)
      return kept.splice(0)
    }
    const hold: Hold = {
      get count() {
        return kept.length
      },
      catches: (kind, what) => kind === parcel && what.includes(text),
      keep: (arrive) => void kept.push(arrive),
      letGo: () => {
        for (const arrive of end()) this.#loop.set(arrive, 0)
      },
      letGoReversed: () => {
        for (const arrive of end().toReversed()) this.#loop.set(arrive, 0)
      },
      lose: () => void end(),
    }
    this.#holds.add(hold)
    return hold
  }

  /** Refuses such requests at once from now on, as an open breaker does. The returned function ends it. */
  refuse(text: string): () => void {
    this.#refused.add(text)
    return () => void this.#refused.delete(text)
  }

  /** Blocks both directions for a while, without an error. */
  cut(ms: number): void {
    this.#cutUntilMs = Math.max(this.#cutUntilMs, this.#loop.now() + ms)
  }

  /** Ends the connection and makes another. Requests on their way may be executed, but the node gets no reply. */
  reconnect(): void {
    this.#connection++
  }

  /** Makes the subscription anew. */
  resubscribe(): void {
    for (const ready of this.#ready) ready()
  }

  /** Ends the node's process: nothing reaches it any more, and it sends nothing. */
  kill(): void {
    this.#dead = true
    this.#receivers.clear()
    this.#ready.clear()
  }

  /** Sends a message of the server to this node. */
  deliver(message: Message): void {
    this.#carry('message', `${message.kind} ${message.item}`, () =>
      this.#process.receive(() => {
        for (const receive of this.#receivers) receive(message)
      }),
    )
  }

  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void {
    this.#receivers.add(onMessage)
    this.#ready.add(onReady)
    return () => {
      this.#receivers.delete(onMessage)
      this.#ready.delete(onReady)
    }
  }

  #carry(parcel: Parcel, what: string, arrive: () => void): void {
    this.#loop.set(() => {
      if (this.#loop.now() < this.#cutUntilMs) return
      const hold = [...this.#holds].find((one) => one.catches(parcel, what))
      if (hold === undefined) arrive()
      else hold.keep(arrive)
    }, this.#delayMs)
  }
}
