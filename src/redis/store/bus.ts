import type { Random } from '../../core/time/clock.ts'
import { report } from '../../core/logging/logger.ts'
import type { Bus, Message } from '../../core/remote-store.ts'
import type { RedisClient } from '../connection/client.ts'
import type { Said } from '../connection/guard/refused-commands.ts'
import { KeyNames } from './key-names.ts'
import { readMessage } from './log-format.ts'

/** The beginning of greetings between members of a fleet. No message of the log begins so. */
const HELLO = '!fleet '
const FLEET_MS = 24 * 60 * 60 * 1000

/**
 * The bus over pub/sub. Scripts publish their log entries on one channel for each database and prefix. Two fleets with
 * different data may share a channel by mistake. An id beside the data tells them apart. In that case messages are
 * ignored, and changes arrive with the heartbeat alone.
 */
export class RedisBus implements Bus {
  readonly #client: RedisClient
  readonly #names: KeyNames
  readonly #random: Random
  readonly #where: Said
  #isShared = false

  constructor(client: RedisClient, prefix: string, random: Random, where: Said) {
    this.#client = client
    this.#names = new KeyNames(prefix, client.isCluster, client.database)
    this.#random = random
    this.#where = where
  }

  /** Receives messages, and ignores texts that are no messages of this library. */
  subscribe(receive: (message: Message) => void, onReady: () => void): () => void {
    return this.#client.subscribe(
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

  // Members that are there already compare the id with theirs.
  async #greet(): Promise<void> {
    const id = await this.#fleetId()
    if (id !== undefined) await this.#run('PUBLISH', this.#names.channel, HELLO + id)
  }

  // The id is read only now, because it may have been lost with other side keys and made anew by the sender.
  async #onHello(theirs: string): Promise<void> {
    const ours = await this.#fleetId()
    if (ours === undefined || ours === theirs || this.#isShared) return
    this.#isShared = true
    const { logger, cache } = this.#where
    report(
      logger,
      'error',
      { cache, channel: this.#names.channel },
      'another cache has the same prefix on another database or server, and their messages meet on one channel; ' +
        'they are left out from now on, and changes arrive with the heartbeat alone: give each a prefix of its own',
    )
    // Answers, because members that came later have not received this member's greeting.
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

  // A failure costs only the comparison.
  async #run(...args: readonly string[]): Promise<string | null | undefined> {
    try {
      const reply = await this.#client.connectionFor(this.#names.fleet).run({ args }, 'text')
      return reply === null || typeof reply === 'string' ? reply : undefined
    } catch {
      return undefined
    }
  }

  #digits(): string {
    return Math.floor(this.#random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  }
}
