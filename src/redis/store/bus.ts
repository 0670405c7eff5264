import type { Random } from '../../core/time/clock.ts'
import { report, type Logger } from '../../core/logging/logger.ts'
import type { Bus, Message } from '../../core/remote-store.ts'
import type { RedisClient } from '../connection/client.ts'
import { KeyNames } from './key-names.ts'
import { readMessage } from './log-format.ts'

/** The parts that a bus uses. */
export interface RedisBusParts {
  readonly client: RedisClient
  readonly prefix: string
  readonly random: Random
  readonly logger: Logger
  /** Names the cache in the log. */
  readonly name: string
}

/** Begins what the members of a fleet say of themselves: no message of the log does. */
const HELLO = '!fleet '
const FLEET_MS = 24 * 60 * 60 * 1000

/**
 * The bus over pub/sub: scripts publish what they log on one channel for each database and prefix. Members of two fleets
 * that use the same channel and different data are told apart by an id that lies beside the data: then messages are left
 * out, and the heartbeat alone tells what changed.
 */
export class RedisBus implements Bus {
  readonly #parts: RedisBusParts
  readonly #names: KeyNames
  #isShared = false

  constructor(parts: RedisBusParts) {
    this.#parts = parts
    this.#names = new KeyNames(parts.prefix, parts.client.isCluster, parts.client.database)
  }

  /** What is no message of ours is passed over. */
  subscribe(receive: (message: Message) => void, onReady: () => void): () => void {
    return this.#parts.client.subscribe(
      this.#names.channel,
      (text) => {
        if (text.startsWith(HELLO)) return void this.#onHello(text.slice(HELLO.length))
        const message = this.#isShared ? undefined : readMessage(text)
        if (message !== undefined) receive(message)
      },
      () => {
        onReady()
        void this.#greet()
      },
    )
  }

  // The members that are there already compare.
  async #greet(): Promise<void> {
    const id = await this.#fleetId()
    if (id !== undefined) await this.#run('PUBLISH', this.#names.channel, HELLO + id)
  }

  // Asked for only now: it may have been lost with other side keys, and made anew by whoever says it.
  async #onHello(theirs: string): Promise<void> {
    const ours = await this.#fleetId()
    if (ours === undefined || ours === theirs || this.#isShared) return
    this.#isShared = true
    const { logger, name: cache } = this.#parts
    report(
      logger,
      'error',
      { cache, channel: this.#names.channel },
      'another cache has the same prefix on another database or server, and their messages meet on one channel; ' +
        'they are left out from now on, and changes arrive with the heartbeat alone: give each a prefix of its own',
    )
    // Members that came later have not heard of this one.
    await this.#run('PUBLISH', this.#names.channel, HELLO + ours)
  }

  async #fleetId(): Promise<string | undefined> {
    const made = `${this.#digits()}${this.#digits()}`
    const set = ['SET', this.#names.fleet, made, 'NX', 'PX', String(FLEET_MS), 'GET']
    const present = await this.#run(...set)
    if (present === undefined) return undefined
    await this.#run('PEXPIRE', this.#names.fleet, String(FLEET_MS))
    return present ?? made
  }

  // A failure here only costs the comparison.
  async #run(...args: readonly string[]): Promise<string | null | undefined> {
    try {
      const reply = await this.#parts.client.connectionFor(this.#names.fleet).run({ args }, 'text')
      return reply === null || typeof reply === 'string' ? reply : undefined
    } catch {
      return undefined
    }
  }

  #digits(): string {
    return Math.floor(this.#parts.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  }
}
