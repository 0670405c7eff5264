import type { Random, TimerHandle, Timers } from '../../../core/time/clock.ts'
import { providerLike } from '../../connection/credentials.ts'
import { closeAfter } from '../../connection/closing.ts'
import { listenTo, type ClientEvents } from '../client-events.ts'
import { LentLine } from '../lent-line.ts'
import type { Source, SubscriberLine } from '../line.ts'
import { NodeRedisLine, type NodeRedis } from './line.ts'
import { nodeRedisRules } from './source.ts'
import { SwitchedLine } from '../switched-line.ts'

/** The used part of a sentinel client of node-redis 5 or 6. */
export interface NodeRedisSentinel extends ClientEvents {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  destroy(): unknown
  /** Calls back with the client of the master, because commands by `sendCommand` wait for each other. */
  _execute<T>(isReadonly: boolean, call: (client: NodeRedis) => Promise<T>): Promise<T>
}

/** Makes a client of our own. Its connections give up instead of connecting again as soon as `isOver` says so. */
export type MakeSentinel = (isOver: () => boolean) => NodeRedisSentinel

/** The interval of the looks for a master while there is none. */
const LOOK_MS = 250
/** The number of failed looks after which all sentinels are taken to have moved: about two seconds. It doubles. */
const LOOKS_BEFORE_RENEWAL = 8
const MOST_LOOKS = 64

/**
 * Connections of node-redis to the master that sentinels name. All lines switch to a new master. A client of our own is
 * made anew if it finds none, because it forgets the addresses that it was given and what their names resolve to.
 */
export class NodeRedisSentinelSource implements Source {
  readonly node = 'the master of the sentinels'
  readonly identity: string
  readonly database: number
  readonly #make: MakeSentinel | undefined
  readonly #random: Random
  readonly #timers: Timers
  readonly #main = new SwitchedLine()
  readonly #opened = new Set<SwitchedLine>()
  #sentinel: NodeRedisSentinel
  // The end of the present client. node-redis loses sight of a socket that opens after the end of its client.
  #life = { isOver: false }
  #detach: () => void
  #master: NodeRedis | undefined = undefined
  #timer: TimerHandle = undefined
  #looks = 0
  #renewAt = LOOKS_BEFORE_RENEWAL
  #isLooking = false
  #isClosed = false
  #connecting: Promise<unknown> | undefined = undefined

  /**
   * `sentinel` is a client of the user, or makes one of our own, whose group has the text `identity`. `database`: the
   * database of the master's clients.
   */
  constructor(
    sentinel: NodeRedisSentinel | MakeSentinel,
    random: Random,
    timers: Timers,
    database = 0,
    identity: string = identityOf(sentinel),
  ) {
    this.database = database
    this.identity = identity
    this.#make = typeof sentinel === 'function' ? sentinel : undefined
    this.#sentinel = typeof sentinel === 'function' ? this.#begin(sentinel) : sentinel
    this.#random = random
    this.#timers = timers
    this.#detach = this.#listen()
  }

  line(): SubscriberLine {
    void this.#look()
    this.#schedule()
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
    this.#end()
  }

  #begin(make: MakeSentinel): NodeRedisSentinel {
    const life = { isOver: false }
    this.#life = life
    return make(() => life.isOver)
  }

  #listen(): () => void {
    return listenTo(this.#sentinel, { error: this.#onError, 'topology-change': this.#onChange })
  }

  #end(): void {
    this.#detach()
    this.#life.isOver = true
    const sentinel = this.#sentinel
    if (this.#make !== undefined) closeAfter([this.#connecting], this.#timers, () => destroy(sentinel))
    this.#connecting = undefined
  }

  readonly #onError = (error: unknown): void => this.#main.trouble(error)

  readonly #onChange = (): void => void this.#look()

  // The sentinel client owns the connection of the master. It may replace it, or wait for ever for one.
  async #look(): Promise<void> {
    const sentinel = this.#sentinel
    this.#isLooking = true
    try {
      if (!sentinel.isOpen) await this.#connect(sentinel)
      const master = await sentinel._execute(false, (client) => Promise.resolve(client))
      if (this.#isClosed || sentinel !== this.#sentinel) return
      if (master !== this.#master) this.#follow(master)
    } catch (error) {
      if (!this.#isClosed && sentinel === this.#sentinel) this.#main.trouble(error)
    } finally {
      if (sentinel === this.#sentinel) this.#isLooking = false
    }
  }

  async #connect(sentinel: NodeRedisSentinel): Promise<void> {
    const connecting = sentinel.connect()
    this.#connecting = connecting
    try {
      await connecting
    } finally {
      if (this.#connecting === connecting) this.#connecting = undefined
    }
  }

  #schedule(): void {
    const delayMs = LOOK_MS * (0.75 + this.#random() / 2)
    this.#timer = this.#timers.set(() => {
      this.#schedule()
      if (this.#main.isUp) {
        this.#looks = 0
        this.#renewAt = LOOKS_BEFORE_RENEWAL
        return
      }
      this.#looks++
      if (this.#looks >= this.#renewAt && this.#make !== undefined) this.#renew(this.#make)
      if (!this.#isLooking) void this.#look()
    }, delayMs)
  }

  #renew(make: MakeSentinel): void {
    this.#looks = 0
    this.#renewAt = Math.min(this.#renewAt * 2, MOST_LOOKS)
    this.#end()
    this.#sentinel = this.#begin(make)
    this.#isLooking = false
    this.#detach = this.#listen()
  }

  #follow(master: NodeRedis): void {
    this.#master = master
    this.#main.switchTo(new LentLine(new NodeRedisLine(master), () => this.#like(master)))
    for (const line of this.#opened) line.switchTo(this.#like(master))
  }

  #like(master: NodeRedis): SubscriberLine {
    const rules = nodeRedisRules(master.options?.socket ?? {}, this.#random)
    const like = { ...rules, ...providerLike(master) }
    return NodeRedisLine.own(() => master.duplicate(like))
  }
}

const identities = new WeakMap<object, string>()
let known = 0

// A client does not tell its sentinels.
function identityOf(client: object): string {
  let identity = identities.get(client)
  if (identity === undefined) {
    identity = `sentinels ${++known}`
    identities.set(client, identity)
  }
  return identity
}

function destroy(sentinel: NodeRedisSentinel): void {
  try {
    // Release 5 gives up the closing if the attempt to connect fails meanwhile.
    Promise.resolve(sentinel.destroy()).catch(() => void Promise.resolve(sentinel.destroy()).catch(() => {}))
  } catch {
    // The client was closed already.
  }
}
