import { StoreUnavailableError } from '../../src/core/errors.ts'
import type { Bus, Message } from '../../src/core/remote/log.ts'
import type { EventLoop } from './event-loop.ts'
import { Process } from '../world/process.ts'
import type { SeededRandom } from '../../src/testing/random.ts'

/** Faults of the network and the machines. Probabilities are from 0 to 1, times in milliseconds. */
export interface Faults {
  /** Probability that a request never arrives. */
  readonly requestLoss: number
  /** Probability that the reply to a request never arrives, although the request was executed. */
  readonly replyLoss: number
  /** Probability that a repeatable request is executed twice, the second time at a moment that the delays allow. */
  readonly requestDuplication: number
  /** Probability that a message of the bus never arrives. */
  readonly messageLoss: number
  /** Probability that a message arrives twice. */
  readonly messageDuplication: number
  /** Usual time of one way. */
  readonly delayMs: readonly [from: number, to: number]
  /** Probability that one way takes longer. This is also the cause of reordering. */
  readonly pause: number
  /** Time of such a longer way. */
  readonly pauseMs: readonly [from: number, to: number]
  /** Number of keys that the server evicts in a second, of any kind: values, leases, sequences, logs. */
  readonly evictionsPerSecond: number
  /**
   * Number of keys other than values that the server evicts in a second: leases, sequences, logs, generations, floors.
   */
  readonly sideEvictionsPerSecond: number
  /** Number of times in a second that a sequence or a log expires, or both of a partition do. */
  readonly vanishingsPerSecond: number
  /** Number of times in a second that many other keys are set at once, by a node or by a client that no node knows. */
  readonly bulksPerSecond: number
  /** Number of keys in such a bulk, in units of a log's limit. */
  readonly bulkLogs: readonly [from: number, to: number]
  /**
   * Number of times in a second that a node's process is stopped. Nothing in it happens, and then everything at once.
   */
  readonly stopsPerSecond: number
  /** Duration of a stop. */
  readonly stopMs: readonly [from: number, to: number]
  /** Number of times in a second that a node's machine is suspended. Its clock stands still, and arrivals are lost. */
  readonly suspensionsPerSecond: number
  /** Duration of a suspension. */
  readonly suspensionMs: readonly [from: number, to: number]
  /** Number of times in a second that the wall clock of a node's host is set ahead. */
  readonly jumpsPerSecond: number
  /** Distance by which the clock is set ahead. */
  readonly jumpMs: readonly [from: number, to: number]
  /** Number of times in a second that a node is cut off from the server. */
  readonly cutsPerSecond: number
  /** Duration of a cut. */
  readonly cutMs: readonly [from: number, to: number]
  /** Number of times in a second that the server becomes unreachable for all nodes. */
  readonly outagesPerSecond: number
  /** Duration of an outage. */
  readonly outageMs: readonly [from: number, to: number]
  /** Number of times in a second that the server of one partition stops answering. Outboxes have little room then. */
  readonly partialOutagesPerSecond: number
  /** Duration of a partial outage. */
  readonly partialOutageMs: readonly [from: number, to: number]
  /**
   * Number of times in a second that a client makes several calls of one key on a node and waits for none of them. In
   * some of such worlds the lines keep the order of requests. In the others they do not, and the nodes know.
   */
  readonly burstsPerSecond: number
  /** Number of times in a second that a node's process dies. Another takes its place at once, under a new name. */
  readonly deathsPerSecond: number
  /** Number of times in a second that a node's subscription dies without an error. */
  readonly deafnessPerSecond: number
  /** Time until the subscription is made anew. */
  readonly deafMs: readonly [from: number, to: number]
  /** Number of servers beside the primary. */
  readonly replicas: number
  /** Time that a change of the primary takes to a replica. */
  readonly replicaLagMs: readonly [from: number, to: number]
  /** Probability that the line to a replica stalls. */
  readonly replicaStall: number
  /** Duration of a stall. */
  readonly replicaStallMs: readonly [from: number, to: number]
  /**
   * Number of times in a second that a replica takes the primary's place, without the changes that had not reached it.
   */
  readonly promotionsPerSecond: number
  /** Probability that the old primary goes on answering the nodes that still ask it. */
  readonly splitBrain: number
  /** Number of times in a second that the server starts anew without data. */
  readonly restartsPerSecond: number
  /** Number of times in a second that the server starts anew with its data of a former moment. */
  readonly rollbacksPerSecond: number
  /** Age of that data. */
  readonly rollbackMs: readonly [from: number, to: number]
  /** Time in which a node reconnects after these failures. Its subscription takes a time of its own. */
  readonly reconnectMs: readonly [from: number, to: number]
  /** Time in which a subscription reconnects; as `reconnectMs` unless given. */
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

/** The shortest time that the last question of a call may take. */
export const LEAST_MS = 20

/** A way for requests to the server, and for their replies. */
export interface Line {
  /** Executes a call on the server. Rejects if no answer came within the deadline, executed or not. */
  call<T>(what: string, execute: () => T, options?: CallOptions): Promise<T>
  /** Ends the connection and makes another. */
  reconnect(): void
}

/** Options of a call. */
export interface CallOptions {
  /** Whether a server is there to execute the call when it arrives. */
  isUp?(): boolean
  /** Remaining time of the call. @default all of it */
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
  // Arrival of the last request that keeps its order, and of the last reply.
  readonly #lastMs = { request: 0, reply: 0 }
  readonly #keepsOrder: boolean
  #cutUntilMs = -1
  #deafUntilMs = -1
  #dead = false
  #connection = 0
  /** Number of requests, replies and messages that did not arrive. */
  lost = 0
  /** Number of requests that got no answer in time. */
  unanswered = 0

  /**
   * `note` is told of lost requests, replies and messages. With `keepsOrder` nothing overtakes anything sent before it.
   */
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
      // Requests that a dead process has sent may still arrive. It sends no more.
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

  /** Ends the connection and makes another. Requests on their way may be executed, but the node gets no reply. */
  reconnect(): void {
    this.#connection++
  }

  /** Makes the subscription anew. */
  resubscribe(): void {
    for (const ready of this.#ready) ready()
  }

  /** Sends a message of the server to this node. */
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

  /** Blocks both directions for a while. */
  cut(ms: number): void {
    this.#cutUntilMs = Math.max(this.#cutUntilMs, this.#loop.now() + ms)
  }

  /** Drops messages for a while, and then makes the subscription anew. */
  deafen(ms: number): void {
    this.#deafUntilMs = this.#loop.now() + ms
    this.#loop.set(() => this.resubscribe(), ms)
  }

  /** Ends the node's process: nothing reaches it any more, and it sends nothing. */
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

// A lease that is taken twice could be filled twice. A generation that is written twice could bring back hidden
// entries. The carrier of a remote store's requests must not send these again (see RemoteStore).
function isRepeatable(what: string): boolean {
  return !/^(?:acquire|generations|invalidate tags) /.test(what)
}
