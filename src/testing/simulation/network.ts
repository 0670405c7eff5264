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
  /** Requests, replies and messages that did not arrive. */
  lost = 0

  constructor(loop: EventLoop, random: SeededRandom, faults: Faults, deadlineMs: number) {
    this.#loop = loop
    this.#random = random
    this.#faults = faults
    this.#deadlineMs = deadlineMs
  }

  /** Has the server do something; rejects when no answer came within the deadline, done or not. */
  async call<T>(execute: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = this.#loop.set(
        () => reject(new StoreUnavailableError('no answer in time')),
        this.#deadlineMs,
      )
      this.#carry(this.#faults.requestLoss, () => {
        const answer = execute()
        this.#carry(this.#faults.replyLoss, () => {
          this.#loop.clear(late)
          resolve(answer)
        })
      })
    })
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
    this.#loop.set(() => {
      for (const ready of this.#ready) ready()
    }, ms)
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
