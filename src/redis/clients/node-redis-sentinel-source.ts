import type { Random, TimerHandle, Timers } from '../../core/clock.ts'
import { listenTo, type ClientEvents } from './client-events.ts'
import type { Source, SubscriberLine } from './line.ts'
import { NodeRedisLine, type NodeRedis } from './node-redis-line.ts'
import { nodeRedisRules } from './node-redis-source.ts'
import { reconnectDelayMs } from './reconnect-delay.ts'
import { SwitchedLine } from './switched-line.ts'

/** What this library uses of a sentinel client of node-redis 5 or 6. */
export interface NodeRedisSentinel extends ClientEvents {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  destroy(): unknown
  /** Calls back with the client of the master: commands by `sendCommand` wait for each other. */
  _execute<T>(isReadonly: boolean, call: (client: NodeRedis) => Promise<T>): Promise<T>
}

/** How often it is looked whether there is a master while there is none. */
const LOOK_MS = 250

/** Connections by node-redis to the master that sentinels name: whenever it is another, all lines go over to it. */
export class NodeRedisSentinelSource implements Source {
  readonly node = 'the master of the sentinels'
  readonly database: number
  readonly #sentinel: NodeRedisSentinel
  readonly #isOwn: boolean
  readonly #random: Random
  readonly #timers: Timers
  readonly #main = new SwitchedLine()
  readonly #detach: () => void
  readonly #opened = new Set<SwitchedLine>()
  #master: NodeRedis | undefined = undefined
  #timer: TimerHandle = undefined
  #attempt = 0
  #isClosed = false

  /** `database`: that of the clients of the master. */
  constructor(sentinel: NodeRedisSentinel, random: Random, timers: Timers, isOwn: boolean, database = 0) {
    this.database = database
    this.#sentinel = sentinel
    this.#isOwn = isOwn
    this.#random = random
    this.#timers = timers
    this.#detach = listenTo(sentinel, { error: this.#onError, 'topology-change': this.#onChange })
  }

  line(): SubscriberLine {
    void this.#look()
    return this.#main
  }

  open(): SubscriberLine {
    const line: SwitchedLine = new SwitchedLine(() => this.#opened.delete(line))
    this.#opened.add(line)
    if (this.#master !== undefined) line.switchTo(this.#like(this.#master))
    return line
  }

  close(): void {
    this.#isClosed = true
    this.#timers.clear(this.#timer)
    this.#detach()
    if (this.#isOwn) Promise.resolve(this.#sentinel.destroy()).catch(() => {})
  }

  readonly #onError = (error: unknown): void => this.#main.trouble(error)

  readonly #onChange = (): void => void this.#look()

  // Looks on as long as there is no connection: that of the master is the sentinel client's, which may replace it.
  async #look(): Promise<void> {
    try {
      if (!this.#sentinel.isOpen) await this.#sentinel.connect()
      const master = await this.#sentinel._execute(false, (client) => Promise.resolve(client))
      if (this.#isClosed) return
      this.#attempt = 0
      if (master !== this.#master) this.#follow(master)
    } catch (error) {
      if (this.#isClosed) return
      this.#attempt++
      this.#main.trouble(error)
    }
    this.#schedule()
  }

  #schedule(): void {
    this.#timers.clear(this.#timer)
    const delayMs = this.#attempt === 0 ? LOOK_MS : reconnectDelayMs(this.#attempt, this.#random)
    this.#timer = this.#timers.set(() => {
      if (this.#main.isUp) this.#schedule()
      else void this.#look()
    }, delayMs)
  }

  #follow(master: NodeRedis): void {
    this.#master = master
    this.#main.switchTo(new NodeRedisLine(master))
    for (const line of this.#opened) line.switchTo(this.#like(master))
  }

  #like(master: NodeRedis): SubscriberLine {
    const rules = nodeRedisRules(master.options?.socket ?? {}, this.#random)
    return NodeRedisLine.own(() => master.duplicate(rules))
  }
}
