import { StoreUnavailableError } from '../../src/core/errors.ts'
import type { Bus, Message } from '../../src/core/remote-store.ts'
import type { EventLoop } from '../../simulator/machine/event-loop.ts'
import type { CallOptions, Line } from '../../simulator/machine/network.ts'
import type { Process } from '../../simulator/world/process.ts'

/** What travels between a node and the server. */
export type Parcel = 'request' | 'reply' | 'message'

/** What is held back on its way. */
export interface Held {
  /** How much of it there is. */
  readonly count: number
  /** What is held arrives now, in its order, and nothing more is held. */
  letGo(): void
  /** The same, the last of it first. */
  letGoReversed(): void
  /** The same, but that nothing of it arrives. */
  lose(): void
}

interface Hold extends Held {
  catches(parcel: Parcel, what: string): boolean
  keep(arrive: () => void): void
}

/**
 * The lines of one node on a stage: everything takes the same time, and nothing goes wrong but what the history says.
 * Parcels are named by what is said of them, such as `read a`, `fill a`, `heads`, `sync 0`, `scan values p*`; messages
 * such as `key a`, `tag t`, `prefix p`. A text stands for all that contain it.
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
  /** Requests that were sent, by what is said of them. */
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

  /** Holds back what contains the text from now on. */
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

  /** From now on such requests are refused at once, as by an open breaker; the answer ends it. */
  refuse(text: string): () => void {
    this.#refused.add(text)
    return () => void this.#refused.delete(text)
  }

  /** Nothing passes for a while, in either direction, and nobody is told. */
  cut(ms: number): void {
    this.#cutUntilMs = Math.max(this.#cutUntilMs, this.#loop.now() + ms)
  }

  /** The connection ends and another is made: requests on their way may be executed, but nobody hears of it. */
  reconnect(): void {
    this.#connection++
  }

  /** The subscription is made anew. */
  resubscribe(): void {
    for (const ready of this.#ready) ready()
  }

  /** The node's process has ended: nothing reaches it any more, and it sends nothing. */
  kill(): void {
    this.#dead = true
    this.#receivers.clear()
    this.#ready.clear()
  }

  /** A message of the server's on its way to this node. */
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
