import type { Board } from '../../core/board.ts'
import type { Random } from '../../core/time/clock.ts'
import type { RedisClient, Reply } from '../connection/client.ts'
import type { KeyNames } from './key-names.ts'

/** The number of places, and thereby of processes that can be seen at once. */
const PLACES = 256
/** The number of places that are tried until a free one is found. The next text tries others. */
const TRIES = 4

/**
 * A board of numbered places, one key each, so that it is read by one command and nothing else on the server is looked
 * at. An author keeps a free place for as long as it renews its text there.
 */
export class RedisBoard implements Board {
  readonly #client: RedisClient
  readonly #names: KeyNames
  readonly #random: Random
  readonly #author: string
  #place: number | undefined = undefined

  constructor(client: RedisClient, names: KeyNames, random: Random) {
    this.#client = client
    this.#names = names
    this.#random = random
    this.#author = `${Math.floor(random() * 2 ** 52).toString(36)} `
  }

  async put(text: string, livesMs: number): Promise<void> {
    const value = this.#author + text
    const ttl = ['PX', String(livesMs)]
    if (this.#place !== undefined) {
      const before = await this.#run('SET', this.#names.node(this.#place), value, 'GET', ...ttl)
      // After a pause of this process the place may belong to another author, who finds another in the same way.
      if (typeof before === 'string' && !before.startsWith(this.#author)) this.#place = undefined
      return
    }
    for (let tries = 0; tries < TRIES; tries++) {
      const place = Math.floor(this.#random() * PLACES)
      const reply = await this.#run('SET', this.#names.node(place), value, 'NX', ...ttl)
      if (reply === undefined) return
      if (reply === null) continue
      this.#place = place
      return
    }
  }

  async remove(): Promise<void> {
    if (this.#place !== undefined) await this.#run('UNLINK', this.#names.node(this.#place))
    this.#place = undefined
  }

  async all(): Promise<readonly string[]> {
    const names = Array.from({ length: PLACES }, (_, place) => this.#names.node(place))
    const replies = await this.#run('MGET', ...names)
    if (!Array.isArray(replies)) return []
    return replies.flatMap((reply: Reply) =>
      typeof reply === 'string' ? [reply.slice(reply.indexOf(' ') + 1)] : [],
    )
  }

  // A failure costs only the view of other processes. The health of the cache tells it.
  async #run(...args: readonly string[]): Promise<Reply | undefined> {
    try {
      return await this.#client.connectionFor(this.#names.node(0)).run({ args }, 'text')
    } catch {
      return undefined
    }
  }
}
