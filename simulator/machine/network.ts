import { StoreUnavailableError } from '../../src/core/errors.ts'
import type { Bus, Message } from '../../src/core/remote-store.ts'
import type { EventLoop } from './event-loop.ts'
import { Process } from '../world/process.ts'
import type { SeededRandom } from '../../src/testing/random.ts'

/** What the network and the machines do to those who use them; probabilities from 0 to 1, times in milliseconds. */
export interface Faults {
  /** How likely a request never arrives. */
  readonly requestLoss: number
  /** How likely what a request was answered never arrives: it was executed all the same. */
  readonly replyLoss: number
  /** How likely a request that may be repeated is executed twice, the second time whenever the delays allow. */
  readonly requestDuplication: number
  /** How likely a message of the bus never arrives. */
  readonly messageLoss: number
  /** How likely a message arrives twice. */
  readonly messageDuplication: number
  /** Usual time of one way. */
  readonly delayMs: readonly [from: number, to: number]
  /** How likely one way takes longer: that is also what reorders. */
  readonly pause: number
  /** How long one way takes then. */
  readonly pauseMs: readonly [from: number, to: number]
  /** Keys that the server evicts in a second, whatever they are: values, leases, sequences, logs. */
  readonly evictionsPerSecond: number
  /** The same, but that the server loses none of its values: leases, sequences, logs, generations, floors. */
  readonly sideEvictionsPerSecond: number
  /** How often in a second a sequence or a log expires, or both of a partition do. */
  readonly vanishingsPerSecond: number
  /** How often in a second many other keys are set at once: by a node, or by somebody whom no node knows. */
  readonly bulksPerSecond: number
  /** How many, in units of what a log keeps. */
  readonly bulkLogs: readonly [from: number, to: number]
  /** How often in a second a node's process is stopped: nothing in it happens, and then everything at once. */
  readonly stopsPerSecond: number
  /** For how long it is stopped. */
  readonly stopMs: readonly [from: number, to: number]
  /** How often in a second a node's machine is suspended: its clock stands still, and what is sent to it is lost. */
  readonly suspensionsPerSecond: number
  /** For how long it is suspended. */
  readonly suspensionMs: readonly [from: number, to: number]
  /** How often in a second the wall clock of a node's host is set ahead. */
  readonly jumpsPerSecond: number
  /** How far it is set ahead. */
  readonly jumpMs: readonly [from: number, to: number]
  /** How often in a second a node is cut off from the server. */
  readonly cutsPerSecond: number
  /** For how long it is cut off. */
  readonly cutMs: readonly [from: number, to: number]
  /** How often in a second nobody reaches the server. */
  readonly outagesPerSecond: number
  /** For how long nobody does. */
  readonly outageMs: readonly [from: number, to: number]
  /** How often in a second the server of one partition answers nobody. Outboxes have little room then. */
  readonly partialOutagesPerSecond: number
  /** For how long it does not. */
  readonly partialOutageMs: readonly [from: number, to: number]
  /**
   * How often in a second a client makes several calls of one key on a node and waits for none of them. In some of such
   * worlds the lines keep the order of what is sent; in the others they do not, and the nodes know.
   */
  readonly burstsPerSecond: number
  /** How often in a second a node's process dies; another takes its place at once, under a new name. */
  readonly deathsPerSecond: number
  /** How often in a second a node's subscription dies without a word. */
  readonly deafnessPerSecond: number
  /** How long it takes until the subscription is made anew. */
  readonly deafMs: readonly [from: number, to: number]
  /** Servers beside the primary. */
  readonly replicas: number
  /** How long a change of the primary takes to a replica. */
  readonly replicaLagMs: readonly [from: number, to: number]
  /** How likely the line to a replica stalls. */
  readonly replicaStall: number
  /** For how long it stalls. */
  readonly replicaStallMs: readonly [from: number, to: number]
  /** How often in a second a replica takes the primary's place, without what had not reached it. */
  readonly promotionsPerSecond: number
  /** How likely the old primary goes on answering those who still ask it. */
  readonly splitBrain: number
  /** How often in a second the server starts anew with nothing. */
  readonly restartsPerSecond: number
  /** How often in a second the server starts anew with what it had a while ago. */
  readonly rollbacksPerSecond: number
  /** How long ago that was. */
  readonly rollbackMs: readonly [from: number, to: number]
  /** How long a node takes to reconnect after these; its subscription takes a time of its own. */
  readonly reconnectMs: readonly [from: number, to: number]
  /** How long its subscription takes; as `reconnectMs` unless given. */
  readonly resubscribeMs?: readonly [from: number, to: number]
}

/** A world in which nothing goes wrong. */
export const NO_FAULTS: Faults = {
  requestLoss: 0,
  replyLoss: 0,
  requestDuplication: 0,
  messageLoss: 0,
  messageDuplication: 0,
  delayMs: [0.2, 2],
  pause: 0,
  pauseMs: [0, 0],
  evictionsPerSecond: 0,
  sideEvictionsPerSecond: 0,
  vanishingsPerSecond: 0,
  bulksPerSecond: 0,
  bulkLogs: [0, 0],
  stopsPerSecond: 0,
  stopMs: [0, 0],
  suspensionsPerSecond: 0,
  suspensionMs: [0, 0],
  jumpsPerSecond: 0,
  jumpMs: [0, 0],
  cutsPerSecond: 0,
  cutMs: [0, 0],
  outagesPerSecond: 0,
  outageMs: [0, 0],
  partialOutagesPerSecond: 0,
  partialOutageMs: [0, 0],
  burstsPerSecond: 0,
  deathsPerSecond: 0,
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

/** How long the last question of a call may take at least. */
export const LEAST_MS = 20

/** A way for requests to the server, and for their replies. */
export interface Line {
  /** Has the server do something; rejects when no answer came within the deadline, done or not. */
  call<T>(what: string, execute: () => T, options?: CallOptions): Promise<T>
  /** The connection ends and another is made. */
  reconnect(): void
}

/** The answers that a call may get. */
export interface CallOptions {
  /** Whether there is anybody to execute it when it arrives. */
  isUp?(): boolean
  /** How much of its time the call has left. @default all of it */
  readonly withinMs?: number | undefined
}

/** The lines between one node and the server: requests, replies and messages, each with its own fate. */
export class Network implements Bus, Line {
  /** The process at the node's end. */
  readonly process: Process
  readonly #loop: EventLoop
  readonly #random: SeededRandom
  readonly #faults: Faults
  readonly #deadlineMs: number
  readonly #note: (what: string) => void
  readonly #receivers = new Set<(message: Message) => void>()
  readonly #ready = new Set<() => void>()
  // When the last request of those that keep their order arrives, and the last reply.
  readonly #lastMs = { request: 0, reply: 0 }
  readonly #keepsOrder: boolean
  #cutUntilMs = -1
  #deafUntilMs = -1
  #dead = false
  #connection = 0
  /** Requests, replies and messages that did not arrive. */
  lost = 0
  /** Requests that got no answer in time. */
  unanswered = 0

  /** `note` is told what does not arrive. `keepsOrder`: nothing is overtaken by what was sent after it. */
  constructor(
    loop: EventLoop,
    random: SeededRandom,
    faults: Faults,
    deadlineMs: number,
    note: (what: string) => void = () => undefined,
    keepsOrder = false,
  ) {
    this.#keepsOrder = keepsOrder
    this.process = new Process(loop)
    this.#note = note
    this.#loop = loop
    this.#random = random
    this.#faults = faults
    this.#deadlineMs = deadlineMs
  }

  async call<T>(what: string, execute: () => T, { isUp, withinMs = Infinity }: CallOptions = {}): Promise<T> {
    const connection = this.#connection
    const { requestLoss, replyLoss, requestDuplication } = this.#faults
    return new Promise((resolve, reject) => {
      const late = this.process.set(
        () => {
          this.unanswered++
          reject(new StoreUnavailableError(`no answer in time to ${what}`))
        },
        Math.min(this.#deadlineMs, Math.max(LEAST_MS, withinMs)),
      )
      // What a dead process has sent may still arrive; it sends no more.
      if (this.#dead) return
      const reply = (answer: T): void =>
        this.#carryInOrder('reply', `the reply to ${what}`, replyLoss, () => {
          this.process.receive(() => {
            if (connection !== this.#connection || this.#dead) return this.#lose(`the reply to ${what}`)
            this.process.clear(late)
            resolve(answer)
          })
        })
      this.#carryInOrder('request', what, requestLoss, () => {
        if (isUp?.() === false) return this.#lose(what)
        reply(execute())
      })
      if (isRepeatable(what) && this.#random.chance(requestDuplication)) {
        this.#carry(`the second ${what}`, 0, () => {
          if (isUp?.() !== false) execute()
        })
      }
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
    if (this.#dead) return
    const what = `message ${message.counter}: ${message.kind} ${message.item}`
    const times = this.#random.chance(this.#faults.messageDuplication) ? 2 : 1
    for (let time = 0; time < times; time++) {
      this.#carry(what, this.#faults.messageLoss, () => {
        if (this.#loop.now() < this.#deafUntilMs) return this.#lose(what)
        this.process.receive(() => {
          for (const receive of this.#receivers) receive(message)
        })
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
    this.#cutUntilMs = Math.max(this.#cutUntilMs, this.#loop.now() + ms)
  }

  /** Messages vanish for a while; then the subscription is made anew. */
  deafen(ms: number): void {
    this.#deafUntilMs = this.#loop.now() + ms
    this.#loop.set(() => this.resubscribe(), ms)
  }

  /** The node's process has ended: nothing reaches it any more, and it sends nothing. */
  kill(): void {
    this.#dead = true
    this.#receivers.clear()
    this.#ready.clear()
  }

  #carryInOrder(way: 'request' | 'reply', what: string, loss: number, arrive: () => void): void {
    this.#carry(what, loss, arrive, this.#keepsOrder ? way : undefined)
  }

  #carry(what: string, loss: number, arrive: () => void, way?: 'request' | 'reply'): void {
    const { delayMs, pause, pauseMs } = this.#faults
    const [from, to] = this.#random.chance(pause) ? pauseMs : delayMs
    const lost = this.#random.chance(loss)
    let takesMs = this.#random.between(from, to)
    if (way !== undefined) {
      // Sums of moments are not exact to the last digit.
      const atMs = Math.max(this.#loop.now() + takesMs, this.#lastMs[way] + 0.001)
      this.#lastMs[way] = atMs
      takesMs = atMs - this.#loop.now()
    }
    this.#loop.set(() => {
      if (lost || this.#loop.now() < this.#cutUntilMs) this.#lose(what)
      else arrive()
    }, takesMs)
  }

  #lose(what: string): void {
    this.lost++
    this.#note(`lost: ${what}`)
  }
}

// A lease that is taken twice could be filled twice, and a generation that is written twice could bring back what was
// hidden in between: whoever carries the requests of a remote store must not send these again (see RemoteStore).
function isRepeatable(what: string): boolean {
  return !/^(?:acquire|generations|invalidate tags) /.test(what)
}
