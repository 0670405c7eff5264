import type { Random } from '../../core/time/clock.ts'
import type { BusState } from '../../core/health.ts'
import { report } from '../../core/logging/logger.ts'
import type { Bus, Message } from '../../core/remote/log.ts'
import type { RedisClient } from '../connection/client.ts'
import type { Said } from '../connection/guard/refused-commands.ts'
import { KeyNames } from './key-names.ts'
import { readMessage } from './log/log-format.ts'

/** The beginning of a greeting, which members of another fleet answer. No message of the log begins so. */
const ASK = '!fleet '
/** The beginning of an answer to a greeting. */
const TELL = '!fleet-is '
/** The beginning of a text that its sender wants to hear itself. */
const ECHO = '!echo '
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
  // The ids of this fleet and of another one that may share the channel, and whether this member's question was heard.
  #suspected: { readonly ids: string; isHeard: boolean } | undefined
  #isShared = false
  #isSubscribed = false
  #trouble: 'lost' | 'refused' | undefined = 'lost'
  #isSilent = false
  #mayPublish = true
  #echo: { readonly text: string; isSent: boolean; isHeard: boolean } | undefined

  constructor(client: RedisClient, prefix: string, random: Random, where: Said) {
    this.#client = client
    this.#names = new KeyNames(prefix, client.isCluster, client.database)
    this.#random = random
    this.#where = where
  }

  /** Receives messages, and ignores texts that are no messages of this library. */
  subscribe(receive: (message: Message) => void, onReady: () => void): () => void {
    this.#isSubscribed = true
    const end = this.#client.subscribe(
      this.#names.channel,
      (text) => {
        if (text.startsWith(ECHO)) return this.#hear(text)
        if (text.startsWith(ASK)) return void this.#compare(text.slice(ASK.length), true)
        if (text.startsWith(TELL)) return void this.#compare(text.slice(TELL.length), false)
        const message = this.#isShared ? undefined : readMessage(text)
        if (message !== undefined) receive(message)
      },
      () => {
        this.#trouble = undefined
        this.#isSilent = false
        this.#echo = undefined
        onReady()
        void this.#greet()
      },
      (refusal) => {
        this.#trouble = refusal === undefined ? 'lost' : 'refused'
      },
    )
    return () => {
      this.#isSubscribed = false
      end()
    }
  }

  get state(): BusState | undefined {
    if (!this.#isSubscribed) return undefined
    if (this.#trouble !== undefined) return this.#trouble
    if (!this.#mayPublish) return 'refused'
    if (this.#isSilent) return 'silent'
    return this.#isShared ? 'shared' : 'connected'
  }

  // A channel may be connected and bring nothing. A text that was published before the last check must have come back.
  async check(): Promise<void> {
    const last = this.#echo
    if (!this.#isSubscribed || last?.isSent === false) return
    if (last?.isHeard === false) this.#isSilent = true
    const echo = { text: `${ECHO}${this.#digits()}${this.#digits()}`, isSent: false, isHeard: false }
    this.#echo = echo
    try {
      await this.#publish(echo.text)
      this.#mayPublish = true
      echo.isSent = true
    } catch (error) {
      if (this.#echo === echo) this.#echo = undefined
      this.#mayPublish = !(error instanceof Error && error.message.startsWith('NOPERM'))
    }
  }

  #hear(text: string): void {
    if (text !== this.#echo?.text) return
    this.#echo.isHeard = true
    this.#isSilent = false
  }

  #publish(text: string): Promise<unknown> {
    const { fleet, channel } = this.#names
    return this.#client.connectionFor(fleet).run({ args: ['PUBLISH', channel, text] }, 'text')
  }

  async #greet(): Promise<void> {
    const id = await this.#fleetId()
    if (id !== undefined) await this.#run('PUBLISH', this.#names.channel, ASK + id)
  }

  // One other id proves nothing. A failover may lose an id that was sent before, or it was deleted and made anew. So this
  // member asks. Only another fleet still answers with its id after that. The id of this fleet is read only now.
  async #compare(theirs: string, isAsked: boolean): Promise<void> {
    const ours = await this.#fleetId()
    if (ours === undefined) return
    if (ours === theirs) {
      if (this.#suspected !== undefined) this.#suspected.isHeard = true
      return
    }
    const ids = `${ours} ${theirs}`
    if (!this.#isShared && this.#suspected?.ids !== ids) {
      this.#suspected = { ids, isHeard: false }
      return void (await this.#run('PUBLISH', this.#names.channel, ASK + ours))
    }
    if (!this.#isShared && this.#suspected?.isHeard === true) this.#leaveOut()
    if (isAsked) await this.#run('PUBLISH', this.#names.channel, TELL + ours)
  }

  #leaveOut(): void {
    this.#isShared = true
    const { logger, cache } = this.#where
    report(
      logger,
      'error',
      { cache, channel: this.#names.channel },
      'another cache has the same prefix on another database or server, and their messages meet on one channel; ' +
        'they are left out from now on, and changes arrive with the heartbeat alone: give each a prefix of its own',
    )
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
