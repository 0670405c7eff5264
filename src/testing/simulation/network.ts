import { StoreUnavailableError } from '../../core/errors.ts'
import type { Bus, Message } from '../../core/remote-store.ts'
import type { EventLoop } from './event-loop.ts'
import type { SeededRandom } from './random.ts'

/** What the network and the machines do to those who use them; probabilities from 0 to 1, times in milliseconds. */
export interface Faults {
  readonly requestLoss: number
  readonly replyLoss: number
  readonly messageLoss: number
  readonly messageDuplication: number
  /** Usual time of one way. */
  readonly delayMs: readonly [from: number, to: number]
  /** How likely one way takes longer, and how long then: that is also what reorders. */
  readonly pause: number
  readonly pauseMs: readonly [from: number, to: number]
  /** Keys that the server evicts in a second, whatever they are. */
  readonly evictionsPerSecond: number
  /** How often in a second a node is cut off from the server, and for how long. */
  readonly cutsPerSecond: number
  readonly cutMs: readonly [from: number, to: number]
  /** How often in a second a node's subscription dies without a word; it comes back with its next message of life. */
  readonly deafnessPerSecond: number
  readonly deafMs: readonly [from: number, to: number]
  /** Servers beside the primary, and how long its changes take to each; a link may stall. */
  readonly replicas: number
  readonly replicaLagMs: readonly [from: number, to: number]
  readonly replicaStall: number
  readonly replicaStallMs: readonly [from: number, to: number]
  /** How often in a second a replica takes the primary's place, without what had not reached it. */
  readonly promotionsPerSecond: number
  /** How likely the old primary goes on answering those who still ask it. */
  readonly splitBrain: number
  /** How often in a second the server starts anew with nothing; with what it had a while ago; how long ago. */
  readonly restartsPerSecond: number
  readonly rollbacksPerSecond: number
  readonly rollbackMs: readonly [from: number, to: number]
  /** How long a node takes to reconnect after these; its subscription takes a time of its own. */
  readonly reconnectMs: readonly [from: number, to: number]
}

/** A world in which nothing goes wrong. */
export const NO_FAULTS: Faults = {
  requestLoss: 0,
  replyLoss: 0,
  messageLoss: 0,
  messageDuplication: 0,
  delayMs: [0.2, 2],
  pause: 0,
  pauseMs: [0, 0],
  evictionsPerSecond: 0,
  cutsPerSecond: 0,
  cutMs: [0, 0],
  deafnessPerSecond: 0,
  deafMs: [0, 0],
  replicas: 0,
  replicaLagMs: [0.2, 5],
  replicaStall: 0,
  replicaStallMs: [0, 0],
  promotionsPerSecond: 0,
  splitBrain: 0,
  restartsPerSecond: 0,
  rollbacksPerSecond: 0,
  rollbackMs: [0, 0],
  reconnectMs: [0, 0],
}

/** What a call may leave to others: by default it is executed at once, and answered at once. */
export interface CallOptions<T> {
  /** Whether there is anybody to execute it when it arrives. */
  isUp?(): boolean
  /** Passes the answer on, now or later. */
  hold?(answer: T, reply: (answer: T) => void): void
}

/** The lines between one node and the server: requests, replies and messages, each with its own fate. */
export class Network implements Bus {
  readonly #loop: EventLoop
  readonly #random: SeededRandom
  readonly #faults: Faults
  readonly #deadlineMs: number
  readonly #receivers = new Set<(message: Message) => void>()
  readonly #ready = new Set<() => void>()
  #cutUntilMs = -1
  #deafUntilMs = -1
  #dead = false
  #connection = 0
  /** Requests, replies and messages that did not arrive. */
  lost = 0

  constructor(loop: EventLoop, random: SeededRandom, faults: Faults, deadlineMs: number) {
    this.#loop = loop
    this.#random = random
    this.#faults = faults
    this.#deadlineMs = deadlineMs
  }

  /** Has the server do something; rejects when no answer came within the deadline, done or not. */
  async call<T>(execute: () => T, { isUp, hold }: CallOptions<T> = {}): Promise<T> {
    const connection = this.#connection
    return new Promise((resolve, reject) => {
      const late = this.#loop.set(
        () => reject(new StoreUnavailableError('no answer in time')),
        this.#deadlineMs,
      )
      const reply = (answer: T): void =>
        this.#carry(this.#faults.replyLoss, () => {
          if (connection !== this.#connection) return void this.lost++
          this.#loop.clear(late)
          resolve(answer)
        })
      this.#carry(this.#faults.requestLoss, () => {
        if (isUp?.() === false) return void this.lost++
        const answer = execute()
        if (hold === undefined) reply(answer)
        else hold(answer, reply)
      })
    })
  }

  /** The connection ends and another is made: requests on their way may be executed, but nobody hears of it. */
  reconnect(): void {
    this.#connection++
  }

  /** The subscription is made anew. */
  resubscribe(): void {
    for (const ready of this.#ready) ready()
  }

  /** A message of the server's on its way to this node. */
  deliver(message: Message): void {
    const times = this.#random.chance(this.#faults.messageDuplication) ? 2 : 1
    for (let time = 0; time < times; time++) {
      this.#carry(this.#faults.messageLoss, () => {
        if (this.#loop.now() < this.#deafUntilMs) return void this.lost++
        for (const receive of this.#receivers) receive(message)
      })
    }
  }

  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void {
    this.#receivers.add(onMessage)
    this.#ready.add(onReady)
    return () => {
      this.#receivers.delete(onMessage)
      this.#ready.delete(onReady)
    }
  }

  /** Nothing passes for a while, in either direction. */
  cut(ms: number): void {
    this.#cutUntilMs = this.#loop.now() + ms
  }

  /** Messages vanish for a while; then the subscription is made anew. */
  deafen(ms: number): void {
    this.#deafUntilMs = this.#loop.now() + ms
    this.#loop.set(() => this.resubscribe(), ms)
  }

  /** The node's process has ended: nothing reaches it, and nothing it sent before comes back. */
  kill(): void {
    this.#dead = true
    this.#receivers.clear()
    this.#ready.clear()
  }

  #carry(loss: number, arrive: () => void): void {
    const { delayMs, pause, pauseMs } = this.#faults
    const [from, to] = this.#random.chance(pause) ? pauseMs : delayMs
    const lost = this.#random.chance(loss)
    this.#loop.set(
      () => {
        if (lost || this.#dead || this.#loop.now() < this.#cutUntilMs) this.lost++
        else arrive()
      },
      this.#random.between(from, to),
    )
  }
}
