import type { Bus, Message } from '../core/remote-store.ts'
import type { RedisClient } from './client.ts'
import { KeyNames } from './key-names.ts'
import { readMessage } from './log-format.ts'

/** The bus over pub/sub: scripts publish what they log on one channel for each prefix. */
export class RedisBus implements Bus {
  readonly #client: RedisClient
  readonly #channel: string

  constructor(client: RedisClient, prefix: string) {
    this.#client = client
    this.#channel = new KeyNames(prefix, client.isCluster).channel
  }

  /** What is no message of ours is passed over. */
  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void {
    return this.#client.subscribe(
      this.#channel,
      (text) => {
        const message = readMessage(text)
        if (message !== undefined) onMessage(message)
      },
      onReady,
    )
  }
}
